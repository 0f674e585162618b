"""All measures of one set of synthetic images, each beside its floor, gathered in a `Report`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import numpy as np

from likewise.evaluate.figure import FloorKind
from likewise.evaluate.images import scores
from likewise.evaluate.images.arrays import Images, IntArray, on_one_scale, size_text, small
from likewise.evaluate.images.classes import Judged, class_scores, class_shares
from likewise.evaluate.images.copying import closest_pairs, copying
from likewise.evaluate.images.judge import Judge, learn_labels, learn_turns
from likewise.evaluate.images.likeness import (
    MAX_FEATURES_ROWS,
    density_and_coverage,
    frechet_distance,
    kernel_distance,
    scaled,
)
from likewise.evaluate.images.pictures import PER_STRIP, grid_by_class, grid_of_pairs
from likewise.evaluate.pictures import picture
from likewise.evaluate.results import ColumnScore, ImageGrid, Report, Score
from likewise.evaluate.tables import TypedColumn
from likewise.images.sets import ImageSet
from likewise.schema.column import Kind

LEAST_IMAGES = 20
MAX_LEARNT = 10_000
TEST_SHARE = 0.2


@dataclass
class _Run:
    """One evaluation: its sets, its seeds, and the notes so far.

    Args:
        real: all real training images; `train` those that judges learn from and floors are measured with.
        fresh: real images that no judge learnt from: the holdout, or a fifth of the real ones.
        holdout: real images unknown to the generator, if any.
        levels: the classes of the real images; empty where labels are of no use.
    """

    real: Images
    train: Images
    fresh: Images
    holdout: Images | None
    synthetic: Images
    levels: tuple[str, ...]
    seed: int
    notes: list[str] = field(default_factory=list)

    @property
    def floor_by(self) -> FloorKind:
        return "halves" if self.holdout is None else "holdout"

    def rng(self, stage: int) -> np.random.Generator:
        """A stream of its own for each stage, so that one more measure does not move the others."""
        return np.random.default_rng([self.seed, stage])


def evaluate_images(
    real: ImageSet,
    synthetic: ImageSet,
    *,
    holdout: ImageSet | None = None,
    random_state: int = 0,
    show_real: bool = False,
) -> Report:
    """How alike two sets of images are, what the synthetic one is good for, and what it gives away.

    Args:
        real: the images the synthetic ones were learnt from.
        synthetic: the images to judge, of the same size and scale.
        holdout: real images the generator has not seen. Without them nearness to training images is not measured, and
            a fifth of the real images gives the floors.
        random_state: seed of every sample drawn and of every net trained here.
        show_real: put real images into the report, beside the synthetic ones: they are then given away with it.

    Raises:
        InputError: the sets differ in size or scale.

    Privacy: the figures are computed on real images; they are not differentially private.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> def bars(n):  # noisy images of a bar, upright or lying
        ...     y = rng.integers(0, 2, n)
        ...     x = rng.random((n, 8, 8)) * 0.2
        ...     x[y == 0, :, 3] += 0.8
        ...     x[y == 1, 3, :] += 0.8
        ...     return ImageSet(x, y)
        >>> report = evaluate_images(bars(200), bars(200), holdout=bars(200))
        >>> report["label_fidelity"].value, report["image_copies"].value
        (1.0, 0.0)
    """
    run = _prepare(real, synthetic, holdout, random_state)
    found: list[Score] = []
    parts: dict[str, Any] = {}
    if min(len(run.train), len(run.fresh), len(run.synthetic)) < LEAST_IMAGES:
        run.notes.append(f"All measures but copies need at least {LEAST_IMAGES} images of each set.")
    else:
        found, parts = _measured(run)
    found.append(scores.copy_score(run.real, run.holdout, run.synthetic))
    return Report(
        scores=tuple(sorted(found, key=lambda s: ("fidelity", "utility", "privacy").index(s.group))),
        images=tuple(_pictures(run, show_real)),
        data=_facts(run, real),
        notes=tuple(run.notes),
        versions=_versions(),
        **parts,
    )


def _prepare(real: ImageSet, synthetic: ImageSet, holdout: ImageSet | None, seed: int) -> _Run:
    given = {"real": real, "synthetic": synthetic} | ({} if holdout is None else {"holdout": holdout})
    sets, levels = on_one_scale(given)
    notes = []
    if levels and holdout is not None and holdout.y is None:
        notes.append("The holdout images have no labels, so those of the others are not used.")
        levels = ()
    elif levels and not 2 <= len(levels) <= len(real) / 4:
        notes.append("The labels of the real images are too few or too many to be learnt, so they are not used.")
        levels = ()
    elif levels and synthetic.y is None:
        notes.append("The synthetic images have no labels: what their labels are worth was not measured.")
    if not levels:
        sets = {role: Images(images.pixels) for role, images in sets.items()}
    train, fresh = sets["real"], sets.get("holdout")
    if fresh is None:
        notes.append(
            "No holdout was given: a fifth of the real images stands in for fresh ones, though the generator has seen "
            "it, and nearness to training images was not measured."
        )
        order = np.random.default_rng([seed, 0]).permutation(len(train))
        cut = round(TEST_SHARE * len(order))
        train, fresh = train.take(order[cut:]), train.take(order[:cut])
    return _Run(sets["real"], train, fresh, sets.get("holdout"), sets["synthetic"], levels, seed, notes)


def _measured(run: _Run) -> tuple[list[Score], dict[str, Any]]:
    """Every measure that needs a judge or distances, and the lines per class."""
    train, fresh, synthetic = (small(s) for s in (run.train, run.fresh, run.synthetic))
    learnt = train.sample(MAX_LEARNT, run.rng(1))
    judge = learn_labels(learnt, len(run.levels), run.rng(2)) if run.levels else learn_turns(learnt, run.rng(2))
    found = list(_likeness(run, judge, train, fresh, synthetic))
    parts: dict[str, Any] = {}
    if run.levels:
        by_labels = synthetic.labels is not None
        drawn = synthetic.labels if by_labels else judge.guesses(synthetic)
        reference = train.labels if by_labels else judge.guesses(fresh)
        assert drawn is not None
        assert reference is not None
        shares = class_shares(reference, drawn, len(run.levels), run.rng(7))
        found.append(scores.histogram_score(shares, by_labels=by_labels))
        parts["columns"] = (_label_column(run.levels, reference, drawn, found[-1]),)
    if run.levels and synthetic.labels is not None:
        judged = _judge(run, judge, learnt, fresh, synthetic)
        found += scores.label_scores(judged, run.floor_by, len(learnt), min(len(learnt), len(synthetic)))
        parts["subgroups"] = tuple(class_scores(run.levels, run.train, run.fresh, run.synthetic, judged))
    if run.holdout is not None:
        found += scores.copying_scores(copying(train, fresh, synthetic, run.rng(8)))
    return found, parts


def _likeness(run: _Run, judge: Judge, train: Images, fresh: Images, synthetic: Images) -> Iterator[Score]:
    n = min(len(train), len(fresh), len(synthetic), MAX_FEATURES_ROWS)
    # Each in an order of its own by chance: sets may come sorted by class, or one beside the images it was made from.
    rng = run.rng(3)
    seen = scaled(*(judge.features(s.take(rng.permutation(len(s))[:n])) for s in (train, fresh, synthetic)))
    density, coverage = density_and_coverage(seen)
    figures = (frechet_distance(seen, run.rng(4)), kernel_distance(seen, run.rng(5)), density, coverage)
    yield from scores.likeness_scores(figures, run.floor_by, has_labels=bool(run.levels))


def _judge(run: _Run, judge: Judge, learnt: Images, fresh: Images, synthetic: Images) -> Judged:
    """What was learnt from as many synthetic as real images, tested on the same fresh real ones."""
    n, k = min(len(learnt), len(synthetic)), len(run.levels)
    drawn = synthetic.sample(n, run.rng(6))
    assert drawn.labels is not None
    # Where no synthetic image has a class of the real ones there is nothing to learn, and nothing is told.
    by_synthetic = learn_labels(drawn, k, run.rng(2)).guesses(fresh) if (drawn.labels < k).any() else None
    same_size = judge if n >= 0.9 * len(learnt) else learn_labels(learnt.sample(n, run.rng(6)), k, run.rng(2))
    return Judged(
        by_real=judge.guesses(fresh) == fresh.labels,
        by_synthetic=np.zeros(len(fresh), bool) if by_synthetic is None else by_synthetic == fresh.labels,
        same_size=same_size.guesses(fresh) == fresh.labels,
        synthetic=judge.guesses(synthetic) == synthetic.labels,
    )


def _label_column(levels: tuple[str, ...], real: IntArray, synthetic: IntArray, score: Score) -> ColumnScore:
    """The shares of classes as a column of a table has them, for its picture."""
    names = (*levels, "…")
    columns = [TypedColumn("label", Kind.CATEGORICAL, codes, names) for codes in (real, synthetic)]
    return ColumnScore(
        name="label",
        kind=str(Kind.CATEGORICAL),
        error=score.value,
        floor=score.floor,
        picture=picture(columns[0], columns[1]),
    )


def _pictures(run: _Run, show_real: bool) -> Iterator[ImageGrid]:
    yield grid_by_class(run.synthetic, run.levels, "synthetic", run.rng(9))
    if not show_real:
        return
    run.notes.append("This report shows real images, as was asked for: who has it has them.")
    yield grid_by_class(run.real, run.levels, "real", run.rng(10))
    if len(run.real) > 1:
        rows, beside = closest_pairs(small(run.real), small(run.synthetic), PER_STRIP, run.rng(11))
        yield grid_of_pairs(run.synthetic.take(rows), run.real.take(beside))


def _facts(run: _Run, real: ImageSet) -> dict[str, Any]:
    return {
        "kind": "images",
        "rows_real": len(run.real),
        "rows_synthetic": len(run.synthetic),
        "rows_holdout": 0 if run.holdout is None else len(run.holdout),
        "image_size": size_text(real),
        "classes": len(run.levels),
        "random_state": run.seed,
    }


def _versions() -> dict[str, str]:
    import likewise

    return {
        "python": platform.python_version(),
        "likewise": likewise.__version__,
        **{name: metadata.version(name) for name in ("numpy", "torch")},
    }
