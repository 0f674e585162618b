"""The part of the table of measures that is of images (`likewise.evaluate.measures`)."""

from __future__ import annotations

from likewise.evaluate.figure import Measure

IMAGE_CHECK = (
    "sees the synthetic images; a check for copying, not an attack on a person",
    "看到合成图像；用于检查复制，并非针对个人的攻击",
)
HAS_IMAGE = ("sees the synthetic images and has the image asked about", "看到合成图像，并持有被查的图像")
FEATURES = (
    "; 64 features of a small net that learnt {learnt} from the real training images; {n:,} images of each set; the "
    "interval carries the errors of value and floor",
    "；小型网络（用真实训练图像学习{learnt}）的 64 个特征；每组 {n:,} 张图像；区间计入数值与基准两者的误差",
)

IMAGES: dict[str, Measure] = {
    "frechet": Measure(
        "fidelity", "lower", ("Fréchet distance", "Fréchet 距离"),
        ("how far the synthetic images are from real ones as a net sees them; 1 is as far as real ones are spread",
         "在网络眼中合成图像与真实图像相差多远；1 相当于真实图像自身的离散程度"),
        (f"Frechet distance over the number of features, in units of the real variance{FEATURES[0]}",
         f"Fréchet 距离除以特征数，以真实方差为单位{FEATURES[1]}"),
        shown="fine",
    ),
    "kid": Measure(
        "fidelity", "lower", ("Kernel distance (KID)", "核距离（KID）"),
        ("the same by a kernel, which weighs rarer features more", "同上，改用核函数，更看重少见的特征"),
        (f"unbiased squared kernel distance (KID), cubic kernel, on at most 2,000 images of each set{FEATURES[0]}",
         f"无偏平方核距离，三次核，每组最多 2,000 张图像{FEATURES[1]}"),
        shown="fine",
    ),
    "image_density": Measure(
        "fidelity", "floor", ("Density", "密度"),
        ("how typical the synthetic images are: 1 is right, less is odd, more crowds where real images are densest",
         "合成图像有多典型：1 为恰好，更低则怪异，更高则挤在真实图像最密之处"),
        (f"balls around real images, out to the fifth neighbour, that hold a synthetic image, over 5{FEATURES[0]}",
         f"以真实图像为心、到第五近邻为半径的球中含有该合成图像的个数除以 5{FEATURES[1]}"),
    ),
    "image_coverage": Measure(
        "fidelity", "higher", ("Coverage", "覆盖率"),
        ("how much of what real images show is covered", "真实图像所展现的有多少被覆盖"),
        (f"share of the balls around real images, out to the fifth neighbour, that hold any synthetic "
         f"image{FEATURES[0]}",
         f"以真实图像为心、到第五近邻为半径的球中至少含有一张合成图像的比例{FEATURES[1]}"),
    ),
    "label_fidelity": Measure(
        "fidelity", "higher", ("Labels are true", "标签属实"),
        ("how many synthetic images show what their labels say", "有多少合成图像与其标签相符"),
        ("share of synthetic images that a small net, trained on {n_learnt:,} real ones, takes for what their labels "
         "say; floor by fresh real images; the interval carries the errors of both",
         "用 {n_learnt:,} 张真实图像训练的小型网络认为与标签相符的合成图像比例；基准为新的真实图像；区间计入两者的误"
         "差"),
    ),
    "class_histogram": Measure(
        "fidelity", "lower", ("Shares of classes", "类别比例"),
        ("how far the shares of classes are from the real ones, from 0 (alike) to 1; 0.5 is half the images in the "
         "wrong "
         "class",
         "各类比例与真实的相差多远，0 为一致，1 为完全不同"),
        ("total variation of the shares of classes, by {source}; floor by the chance of drawing two samples of these "
         "sizes",
         "各类比例的总变差，依据{source}；基准为抽取这么多图像时的偶然差别"),
        "theory",
    ),
    "image_copies": Measure(
        "privacy", "lower", ("Exact copies", "完全复制"),
        ("how many synthetic images are exact copies of real ones", "有多少合成图像与真实图像完全相同"),
        ("share of synthetic images equal to a training image in every pixel, at 8 bits; the interval carries the "
         "errors "
         "of it and of its floor",
         "按 8 位像素与某一训练图像逐点相同的合成图像比例；区间计入其与基准两者的误差"),
        threat=("sees the synthetic images only", "只看到合成图像"), shown="share",
    ),
    "image_ratio": Measure(
        "privacy", "higher", ("Distance to training over holdout", "到训练图像与保留图像的距离比"),
        ("whether synthetic images are nearer to training images than fresh real ones are; 0 is a copy",
         "合成图像是否比新的真实图像更接近训练图像；0 为复制"),
        ("mean distance of a synthetic image to the nearest training image over that to the nearest holdout image, "
         "of as "
         "many of each; pixel by pixel, Euclidean, at 32 pixels a side or fewer; floor by the holdout images "
         "themselves",
         "合成图像到最近训练图像的距离除以到最近保留图像的距离，两者数量相同，取平均；逐像素欧氏距离；"
         "基准为保留图像自身"),
        "holdout", IMAGE_CHECK,
    ),
    "image_distance_share": Measure(
        "privacy", "lower", ("Nearer to training images", "更接近训练图像"),
        ("whether synthetic images crowd around training images; about 0.5 plus half the share of copies",
         "合成图像是否聚集在训练图像周围；约为 0.5 加上复制比例的一半"),
        ("share of synthetic images whose nearest real image is a training image rather than a holdout image, scaled "
         "so "
         "that chance is 0.5; pixel by pixel, Euclidean, at 32 pixels a side or fewer; interval from the "
         "exchangeability of the two",
         "最近的真实图像是训练图像而非保留图像的合成图像比例，折算后偶然水平为 0.5；区间来自两者的可交换性"),
        "theory", IMAGE_CHECK,
    ),
    "image_near_copies": Measure(
        "privacy", "lower", ("Nearest images, nearer to training images", "最近的图像更接近训练图像"),
        ("whether the synthetic images that come closest to a real one come close to training images",
         "最接近真实图像的合成图像是否接近训练图像"),
        ("the same for the {n:,} synthetic images nearest to a real image beside the second nearest",
         "同上，仅限与最近真实图像相对次近者最近的 {n:,} 张合成图像"),
        "theory", IMAGE_CHECK,
    ),
    "image_membership": Measure(
        "privacy", "lower", ("Membership guess (AUC)", "成员推断（AUC）"),
        ("how well distance tells whose image was among the training images; 0.5 is a coin toss",
         "凭距离判断谁的图像在训练图像中的准确程度；0.5 等于抛硬币"),
        ("ROC AUC of minus the distance to the nearest synthetic image, for {n:,} training and {n_others:,} holdout "
         "images; pixel by pixel, Euclidean, at 32 pixels a side or fewer; DeLong interval",
         "以到最近合成图像的像素距离的负值为得分的 ROC AUC，训练 {n:,} 张、保留 {n_others:,} 张；DeLong 区间"),
        "theory", HAS_IMAGE,
    ),
    "image_membership_tpr": Measure(
        "privacy", "lower",
        ("Training images named at {rate} % false alarms", "{rate} % 误报下认出的训练图像"),
        ("how many training images an attacker names rightly at {rate} % false alarms; {rate} % is chance",
         "{rate} % 误报时攻击者能正确认出多少训练图像；{rate} % 为纯属偶然"),
        ("the same attack: share of training images named where {rate} % of the holdout images are named falsely",
         "同一攻击：误报 {rate} % 的保留图像时，被认出的训练图像比例"),
        "theory", HAS_IMAGE, "share",
    ),
}  # fmt: skip
