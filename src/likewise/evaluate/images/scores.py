"""The figures of images as scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from likewise.evaluate.attacks import copies as hashed
from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.images.arrays import Images
from likewise.evaluate.images.classes import Judged
from likewise.evaluate.images.copying import Copying
from likewise.evaluate.results import Score


def likeness_scores(figures: Sequence[Figure], floor_by: FloorKind, *, has_labels: bool) -> Iterable[Score]:
    """The Frechet and the kernel distance, density and coverage."""
    learnt = "labels" if has_labels else "turns"
    for name, figure in zip(("frechet", "kid", "image_density", "image_coverage"), figures, strict=True):
        yield Score.of(name, figure, floor_by=floor_by, learnt=learnt)


def label_scores(judged: Judged, floor_by: FloorKind, n_learnt: int, n_each: int) -> Iterable[Score]:
    """Whether synthetic images show what their labels say, and what a net learns from them.

    Args:
        n_learnt: real images the judge learnt from.
        n_each: synthetic images, and as many real ones, that nets learnt from to be tested.
    """
    useful = judged.utility
    yield Score.of("label_fidelity", judged.fidelity, floor_by=floor_by, n_learnt=n_learnt)
    yield Score.of("tstr_accuracy", replace(useful, copy=useful.floor), floor_by=floor_by, n_learnt=n_each)


def histogram_score(found: Figure, *, by_labels: bool) -> Score:
    """The shares of classes, by the labels of the synthetic images or by what the judge takes them for."""
    source = "labels" if by_labels else "judge"
    return Score.of("class_histogram", replace(found, copy=0.0 if by_labels else None), source=source)


def copy_score(real: Images, holdout: Images | None, synthetic: Images) -> Score:
    """Exact copies, beside the share of fresh images that stand among the training images anyway."""
    known = real.hashes
    found = hashed.copies(synthetic.hashes, known)
    fresh = hashed.repeats(known) if holdout is None else hashed.copies(holdout.hashes, known)
    beside = contrast(round(found.value * found.n), found.n, round(fresh.value * fresh.n), fresh.n)
    return _score("image_copies", replace(beside, copy=1.0), floor_by="train" if holdout is None else "holdout")


def copying_scores(found: Copying) -> Iterable[Score]:
    """Nearness to training images, and guessing who was among them."""
    yield _score("image_ratio", found.ratio)
    yield _score("image_distance_share", found.near)
    yield _score("image_near_copies", found.crowded)
    yield _score("image_membership", found.member.area, n_others=found.member.n_others)
    if 0.01 in found.member.caught:
        yield _score("image_membership_tpr", found.member.caught[0.01])


def _score(name: str, figure: Figure, **more: Any) -> Score:
    """Without the least leak: that is a share of people, and an image is none."""
    return Score.of(name, replace(figure, least_leak=None, searched=None), **more)
