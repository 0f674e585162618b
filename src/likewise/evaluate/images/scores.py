"""Measures of images in words: what each figure says and how it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from likewise.evaluate.attacks import copies as hashed
from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.images.arrays import Images
from likewise.evaluate.images.classes import Judged
from likewise.evaluate.images.copying import Copying
from likewise.evaluate.joint import Figure
from likewise.evaluate.results import Better, FloorKind, Score

ONLY_SEES = "sees the synthetic images only"
CHECK = "sees the synthetic images; a check for copying, not an attack on a person"
HAS_IMAGE = "sees the synthetic images and has the image asked about"
PIXELS = "pixel by pixel, Euclidean, at 32 pixels a side or fewer"

# Name, whether more is better, what it says, how it is measured.
LIKENESS: tuple[tuple[str, Better, str, str], ...] = (
    (
        "frechet",
        "lower",
        "how far the synthetic images are from real ones as a net sees them; 1 is as far as real ones are spread",
        "Frechet distance over the number of features, in units of the real variance",
    ),
    (
        "kid",
        "lower",
        "the same by a kernel, which weighs rarer features more",
        "unbiased squared kernel distance (KID), cubic kernel, on at most 2,000 images of each set",
    ),
    (
        "image_density",
        "floor",
        "how typical the synthetic images are: 1 is right, less is odd, more crowds where real images are densest",
        "balls around real images, out to the fifth neighbour, that hold a synthetic image, over 5",
    ),
    (
        "image_coverage",
        "higher",
        "how much of what real images show is covered",
        "share of the balls around real images, out to the fifth neighbour, that hold any synthetic image",
    ),
)


def likeness_scores(figures: Sequence[Figure], floor_by: FloorKind, *, has_labels: bool) -> Iterable[Score]:
    """The Frechet and the kernel distance, density and coverage."""
    learnt = "their labels" if has_labels else "which way they were turned"
    for (name, better, meaning, method), figure in zip(LIKENESS, figures, strict=True):
        yield Score(
            name=name,
            group="fidelity",
            value=figure.value,
            better=better,
            floor=figure.floor,
            floor_by=floor_by,
            interval=figure.interval,
            n=figure.n,
            method=f"{method}; 64 features of a small net that learnt {learnt} from the real training images; "
            f"{figure.n:,} images of each set; the interval carries the errors of value and floor",
            meaning=meaning,
        )


def label_scores(judged: Judged, floor_by: FloorKind, n_learnt: int, n_each: int) -> Iterable[Score]:
    """Whether synthetic images show what their labels say, and what a net learns from them.

    Args:
        n_learnt: real images the judge learnt from.
        n_each: synthetic images, and as many real ones, that nets learnt from to be tested.
    """
    true, useful = judged.fidelity, judged.utility
    yield Score(
        name="label_fidelity",
        group="fidelity",
        value=true.value,
        better="higher",
        floor=true.floor,
        floor_by=floor_by,
        interval=true.interval,
        n=true.n,
        method=f"share of synthetic images that a small net, trained on {n_learnt:,} real ones, takes for what their "
        "labels say; floor by fresh real images; the interval carries the errors of both",
        meaning="how many synthetic images show what their labels say",
    )
    yield Score(
        name="tstr_accuracy",
        group="utility",
        value=useful.value,
        better="higher",
        floor=useful.floor,
        floor_by=floor_by,
        copy=useful.floor,
        interval=useful.interval,
        n=useful.n,
        method=f"share of {useful.n:,} fresh real images whose label a small convolutional net tells, trained on "
        f"{n_each:,} synthetic images; the floor is the same trained on as many real ones; the interval carries the "
        "errors of both",
        meaning="how well a net learnt from synthetic images tells real ones, beside one learnt from real images",
    )


def histogram_score(found: Figure, *, by_labels: bool) -> Score:
    """The shares of classes, by the labels of the synthetic images or by what the judge takes them for."""
    source = "labels" if by_labels else "what a small net trained on real images takes them for"
    return Score(
        name="class_histogram",
        group="fidelity",
        value=found.value,
        better="lower",
        floor=found.floor,
        floor_by="theory",
        copy=0.0 if by_labels else None,
        interval=found.interval,
        n=found.n,
        method=f"total variation of the shares of classes, by {source}; floor by the chance of drawing two samples of "
        "these sizes",
        meaning="how far the shares of classes are from the real ones, from 0 (alike) to 1; 0.5 is half the images in "
        "the wrong class",
    )


def copy_score(real: Images, holdout: Images | None, synthetic: Images) -> Score:
    """Exact copies, beside the share of fresh images that stand among the training images anyway."""
    known = real.hashes
    found = hashed.copies(synthetic.hashes, known)
    fresh = hashed.repeats(known) if holdout is None else hashed.copies(holdout.hashes, known)
    beside = contrast(round(found.value * found.n), found.n, round(fresh.value * fresh.n), fresh.n)
    return Score(
        name="image_copies",
        group="privacy",
        value=found.value,
        better="lower",
        floor=fresh.value,
        floor_by="train" if holdout is None else "holdout",
        copy=1.0,
        interval=beside.interval,
        n=found.n,
        method="share of synthetic images equal to a training image in every pixel, at 8 bits; the interval carries "
        "the errors of it and of its floor",
        meaning="how many synthetic images are exact copies of real ones",
        threat=ONLY_SEES,
    )


def copying_scores(found: Copying) -> Iterable[Score]:
    """Nearness to training images, and guessing who was among them."""
    ratio, near, crowded, member = found.ratio, found.near, found.crowded, found.member
    yield Score(
        name="image_ratio",
        group="privacy",
        value=ratio.value,
        better="higher",
        floor=ratio.floor,
        floor_by="holdout",
        interval=ratio.interval,
        n=ratio.n,
        method="mean distance of a synthetic image to the nearest training image over that to the nearest holdout "
        f"image, of as many of each; {PIXELS}; floor by the holdout images themselves",
        meaning="whether synthetic images are nearer to training images than fresh real ones are; 0 is a copy",
        threat=CHECK,
    )
    for name, side, method, meaning in (
        (
            "image_distance_share",
            near,
            "share of synthetic images whose nearest real image is a training image rather than a holdout image, "
            f"scaled so that chance is 0.5; {PIXELS}; interval from the exchangeability of the two",
            "whether synthetic images crowd around training images; about 0.5 plus half the share of copies",
        ),
        (
            "image_near_copies",
            crowded,
            f"the same for the {crowded.n:,} synthetic images nearest to a real image beside the second nearest",
            "whether the synthetic images that come closest to a real one come close to training images",
        ),
    ):
        yield Score(
            name=name,
            group="privacy",
            value=side.share,
            better="lower",
            floor=0.5,
            floor_by="theory",
            copy=side.copy,
            interval=side.interval,
            n=side.n,
            method=method,
            meaning=meaning,
            threat=CHECK,
        )
    yield Score(
        name="image_membership",
        group="privacy",
        value=member.area.value,
        better="lower",
        floor=0.5,
        floor_by="theory",
        interval=member.area.interval,
        n=member.n,
        method=f"ROC AUC of minus the distance to the nearest synthetic image, for {member.n:,} training and "
        f"{member.n_others:,} holdout images; {PIXELS}; DeLong interval",
        meaning="how well distance tells whose image was among the training images; 0.5 is a coin toss",
        threat=HAS_IMAGE,
    )
    for at, (rate, interval) in found.member.caught.items():
        if at == 0.01:
            yield Score(
                name="image_membership_tpr",
                group="privacy",
                value=rate,
                better="lower",
                floor=at,
                floor_by="theory",
                interval=interval,
                n=member.n,
                method="the same attack: share of training images named where 1 % of the holdout images are named "
                "falsely",
                meaning="how many training images an attacker names rightly at 1 % false alarms; 1 % is chance",
                threat=HAS_IMAGE,
            )
