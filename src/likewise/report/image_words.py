"""The words of a report of images, where they differ from those of a table or come on top."""

from __future__ import annotations

from likewise.evaluate.results import Report
from likewise.report import database_words
from likewise.report.words import words

TEXT: dict[str, dict[str, str]] = {
    "en": {
        "title": "Synthetic images report",
        "floor": "Fresh real images",
        "rows": "Images",
        "better_floor": "as fresh images",
        "floor_legend": "Fresh real images: what real images, unknown to the generator, score themselves. "
        "A perfect generator scores this.",
        "not_dp": "The figures on this page are computed on real images and are not differentially private. "
        "An attack that finds nothing proves nothing.",
        "facts": "{synthetic} synthetic images beside {real} real ones; {size} pixels",
        "facts_holdout": "; {holdout} more real images unknown to the generator",
        "withheld_facts": "{synthetic} synthetic images",
        "say_utility": "Learnt from synthetic images, a net names {value} of the real ones rightly; from real images, "
        "{floor}.",
        "no_privacy": "Nearness to training images was not measured: that needs real images unknown to the generator "
        "(a holdout).",
        "no_utility": "Without labels on both sides, recognition was not tried.",
        "at": "No different from fresh real images, as far as {n} images can tell.",
        "at_but": "No different from fresh real images by this figure; others are worse.",
        "worse": "Worse than fresh real images.",
        "ahead": "Ahead of fresh real images.",
        "now_chance": "One of {tried} attacks found more than in fresh real images ({names}); by chance alone one "
        "often does. Measure again with another seed: if it comes back, take it for a leak.",
        "now_leak": "Give these images to nobody yet: {n} measures of copying and attack found more than in fresh real "
        "images ({names}). Learn under a budget of privacy, from more images or for a shorter time, and measure again.",
        "now_no_attack": "No attack could be made: keep real images from the generator, and measure again with them as "
        "the holdout.",
        "now_only_copies": "Nothing but exact copies was looked for: for attacks, keep real images from the generator, "
        "and measure again with them as the holdout.",
        "now_worse": "Worse than fresh real images ({n}): {names}. Try another generator or a longer training, "
        "and compare.",
        "now_none": "No figure is clearly worse than fresh real images at these sizes. Whether that is enough for your "
        "use is yours to judge.",
        "alarm": "worse than fresh real images",
        "all_scores": "All {n} figures and what they mean; {worse} worse than fresh real images",
        "say_attacks_none": "{tried} measures of copying and attack were taken; none found more than in fresh real "
        "images, as far as they can tell.",
        "say_attacks": "{found} of {tried} measures of copying and attack found more than in fresh real images. "
        "By chance about one in forty would.",
        "say_frechet": "The synthetic images are {value} from the real ones as a net sees them; fresh real images are "
        "{floor}.",
        "say_label_fidelity": "{value} of them show what their label says; of fresh real images, {floor}.",
        "say_image_copies": "{value} of the synthetic images are exact copies of training images; of fresh real "
        "images, {floor}.",
        "say_image_membership": "Guessing from distance whose image was among the training images has AUC {value} "
        "({low} to {high}); 0.5 is a coin toss.",
        "prediction": "Learnt from real images and from synthetic ones",
        "from_real": "learnt from real images",
        "from_synthetic": "learnt from synthetic images",
        "images": "Synthetic images, drawn by chance",
        "images_beside": "Synthetic images beside real ones, drawn by chance",
        "images_hidden": "No real image is shown, for it would be given away with this page.",
        "closest": "Closest to a training image",
        "closest_note": "The synthetic images that come closest to one training image beside the next, each above that "
        "image. Where they are the same, the generator copies.",
        "classes": "Classes",
        "class": "Class",
        "shares": "Share of the images",
        "true_label": "Labels are true",
        "recognised": "Recognition",
        "strip_synthetic": "synthetic images: {label}",
        "strip_real": "real images: {label}",
        "no_label": "no label",
    },
    "zh": {
        "title": "合成图像报告",
        "floor": "新的真实图像",
        "rows": "图像数",
        "better_floor": "越近新的真实图像",
        "floor_legend": "新的真实图像：生成器未见过的真实图像自身的得分。完美的生成器得分与之相同。",
        "not_dp": "本页的数字由真实图像计算得出，不满足差分隐私。攻击未有所获并不能证明什么。",
        "facts": "{synthetic} 张合成图像，对照 {real} 张真实图像；{size} 像素",
        "facts_holdout": "；另有 {holdout} 张生成器未见过的真实图像",
        "withheld_facts": "{synthetic} 张合成图像",
        "say_utility": "用合成图像训练的网络认对 {value} 的真实图像；用真实图像训练的为 {floor}。",
        "no_privacy": "未测量与训练图像的接近程度：需要生成器未见过的真实图像（保留集）。",
        "no_utility": "两边都有标签才能测试识别，因此未测试。",
        "at": "就 {n} 张图像而言，与新的真实图像没有差别。",
        "at_but": "此项与新的真实图像没有差别；另有指标不如。",
        "worse": "不如新的真实图像。",
        "ahead": "优于新的真实图像。",
        "now_chance": "{tried} 项攻击中有一项所得多于新的真实图像（{names}）；纯属偶然时也常有一项。"
        "请换一个随机种子重新测量：若再次出现，应视为泄露。",
        "now_leak": "暂勿把这些图像交给任何人：{n} 项复制与攻击测量所得多于新的真实图像（{names}）。"
        "请在隐私预算下、用更多图像或更短时间训练，然后重新测量。",
        "now_no_attack": "未能进行攻击：请留出生成器未见过的真实图像，作为保留集重新测量。",
        "now_only_copies": "只查找了完全复制：要进行攻击，请留出生成器未见过的真实图像，作为保留集重新测量。",
        "now_worse": "{n} 项指标不如新的真实图像（{names}）：请换用其他生成器或延长训练，再作比较。",
        "now_none": "就这些图像数而言，没有指标明显不如新的真实图像。是否足够，须由您按用途判断。",
        "alarm": "不如新的真实图像",
        "all_scores": "全部 {n} 项指标及其含义；{worse} 项不如新的真实图像",
        "say_attacks_none": "共做 {tried} 项复制与攻击测量；就其所能判断，无一超出新的真实图像。",
        "say_attacks": "{tried} 项复制与攻击测量中有 {found} 项超出新的真实图像。纯属偶然时约为四十分之一。",
        "say_frechet": "在网络眼中，合成图像与真实图像相差 {value}；新的真实图像相差 {floor}。",
        "say_label_fidelity": "其中 {value} 与标签相符；新的真实图像中为 {floor}。",
        "say_image_copies": "{value} 的合成图像与训练图像完全相同；新的真实图像中为 {floor}。",
        "say_image_membership": "凭距离猜测谁的图像在训练图像中，AUC 为 {value}（{low} 至 {high}）；0.5 等于抛硬币。",
        "prediction": "用真实图像训练与用合成图像训练",
        "from_real": "用真实图像训练",
        "from_synthetic": "用合成图像训练",
        "images": "随机抽取的合成图像",
        "images_beside": "随机抽取的合成图像与真实图像对照",
        "images_hidden": "不展示真实图像，否则会随本页泄露。",
        "closest": "最接近训练图像者",
        "closest_note": "相对次近者最接近某一训练图像的合成图像，各在该训练图像之上。若两者相同，则生成器在复制。",
        "classes": "类别",
        "class": "类别",
        "shares": "图像占比",
        "true_label": "标签属实",
        "recognised": "识别",
        "strip_synthetic": "合成图像：{label}",
        "strip_real": "真实图像：{label}",
        "no_label": "无标签",
    },
}


def words_for(report: Report, lang: str) -> dict[str, str]:
    """The texts of one language for this report. Raises OptionError for a language that is not there."""
    own = TEXT if report.is_of_images else {} if report.database is None else database_words.TEXT
    return words(lang) | own.get(lang, {})
