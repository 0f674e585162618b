"""The part of the table of measures that is of windows (`likewise.evaluate.measures`)."""

from __future__ import annotations

from likewise.evaluate.figure import Measure

WINDOWS: dict[str, Measure] = {
    "discriminative": Measure(
        "fidelity", "lower", ("Told from real (score)", "真假可辨（得分）"),
        ("how well a net tells synthetic windows from real ones; 0 is a coin toss, 0.5 always",
         "网络区分合成窗口与真实窗口的能力；0 为掷硬币，0.5 为总能分辨"),
        ("how far from 0.5 the accuracy is of two recurrent layers, trained on four fifths of both sets, on {n:,} "
         "other windows; the floor is that of training and fresh windows (Yoon et al. 2019)",
         "两层循环网络用两组各五分之四训练后，在其余 {n:,} 个窗口上的准确率与 0.5 之差；"
         "基准为训练窗口与新窗口之间的结果"),
    ),
    "predictive": Measure(
        "utility", "lower", ("Error of the next step", "下一步的误差"),
        ("how far off a net is that learnt the next step from synthetic windows, on real ones",
         "用合成窗口学习下一步的网络在真实窗口上的误差"),
        ("mean absolute error of the next step of {n:,} fresh windows, each channel scaled from 0 to 1, by two "
         "recurrent layers trained on synthetic windows; the floor is trained on real ones (Yoon et al. 2019)",
         "两层循环网络用合成窗口训练后，预测 {n:,} 个新窗口下一步的平均绝对误差，各通道缩放到 0 至 1；"
         "基准为用真实窗口训练的结果"),
        shown="fine",
    ),
    "window_copies": Measure(
        "privacy", "lower", ("Exact copies", "完全复制"),
        ("how many synthetic windows are copies of real ones", "有多少合成窗口与真实窗口相同"),
        ("share of synthetic windows equal to a training window to a thousandth of each channel's range; the interval "
         "carries the errors of it and of its floor",
         "在各通道范围的千分之一精度上与某一训练窗口相同的合成窗口比例；区间计入其与基准两者的误差"),
        threat=("sees the synthetic windows only", "只看到合成窗口"), shown="share",
    ),
    "window_distance_share": Measure(
        "privacy", "lower", ("Nearer to training windows", "更接近训练窗口"),
        ("whether synthetic windows crowd around training windows; 0.5 where they do not",
         "合成窗口是否聚集在训练窗口周围；0.5 表示没有"),
        ("share of {n:,} synthetic windows whose nearest real window is a training one rather than a fresh one, of as "
         "many of each; Euclidean. Windows that overlap are near to each other, so the share moves by more than chance",
         "{n:,} 个合成窗口中最近的真实窗口为训练窗口而非新窗口的比例，两者数量相同；欧氏距离。重叠的窗口彼此接近，"
         "该比例的波动大于偶然"),
        "theory", ("sees the synthetic windows; a check for copying, not an attack on a person",
                   "看到合成窗口；用于检查复制，并非针对个人的攻击"),
    ),
}  # fmt: skip
