"""All measures of one set of synthetic windows, each beside its floor, gathered in a `Report`."""

from __future__ import annotations

import platform
from importlib import metadata

import numpy as np

from likewise.codecs.window import filled
from likewise.errors import InputError
from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.neighbours import nearest
from likewise.evaluate.results import Report, Score
from likewise.evaluate.windows.judge import Floats, accuracy, prediction_error
from likewise.series.order import held_apart
from likewise.series.sets import WindowSet

LEAST = 100
MOST = 5_000
"""Windows of each set that distances are measured of."""

HELD = 0.2


def evaluate_windows(
    real: WindowSet, synthetic: WindowSet, *, holdout: WindowSet | None = None, random_state: int = 0
) -> Report:
    """How alike two sets of windows are, what the synthetic one is good for, and what it gives away.

    Args:
        real: the windows the synthetic ones were learnt from.
        holdout: real windows the generator has not seen, which overlap with none that it has. Without them a fifth of
            the real ones stands in, apart in time from the others.

    Raises:
        InputError: the sets differ in steps or channels.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> def waves(n):
        ...     return WindowSet(np.sin(rng.random((n, 1, 1)) * 6 + np.arange(8)[:, None]))
        >>> report = evaluate_windows(waves(200), waves(200), holdout=waves(200))
        >>> [score.name for score in report.scores]
        ['discriminative', 'predictive', 'window_copies', 'window_distance_share']
    """
    if not all(len(windows) for windows in (real, synthetic, holdout) if windows is not None):
        raise InputError("there are no windows in one of the sets")
    notes, by = [], FLOORS[holdout is not None]
    if holdout is None:
        notes.append(
            "No holdout was given: a fifth of the real windows stands in for fresh ones, though the generator has seen "
            "it, and nearness to training windows was not measured."
        )
        whole, drawn = _on_one_scale(real, synthetic)
        learnt, held = held_apart(real.origins, real.n_steps, HELD, np.random.default_rng([random_state, 0]))
        train, others = whole[learnt], whole[held]
    else:
        train, drawn, others = _on_one_scale(real, synthetic, holdout)
        whole = train
    scores: list[Score] = []
    if min(len(train), len(drawn), len(others)) < LEAST:
        notes.append(f"All measures but copies need at least {LEAST} windows of each set.")
    else:
        scores += [measure(train, drawn, others, random_state, by) for measure in (_discriminative, _predictive)]
    scores.append(_copies(whole, drawn, others if holdout is not None else others[:0], by))
    if holdout is not None and min(len(train), len(others)) >= LEAST:
        scores.append(_nearness(train, drawn, others, random_state))
    import likewise

    return Report(
        scores=tuple(scores),
        data={
            "kind": "windows",
            "rows_real": len(real),
            "rows_synthetic": len(synthetic),
            "rows_holdout": 0 if holdout is None else len(holdout),
            "steps": real.n_steps,
            "columns": real.n_channels,
            "random_state": random_state,
        },
        notes=tuple(notes),
        versions={
            "python": platform.python_version(),
            "likewise": likewise.__version__,
            **{name: metadata.version(name) for name in ("numpy", "torch")},
        },
    )


FLOORS: tuple[FloorKind, FloorKind] = ("halves", "holdout")


def _on_one_scale(*sets: WindowSet) -> list[Floats]:
    """The sets with each channel of the first from 0 to 1, where any value is missing with a channel that says so."""
    real = sets[0]
    for other in sets[1:]:
        if other.x.shape[1:] != real.x.shape[1:]:
            raise InputError(
                f"windows must all have {real.n_steps} steps and {real.n_channels} channels, got {other.x.shape[1:]}"
            )
        if other.channels is not None and real.channels is not None and other.channels != real.channels:
            raise InputError("the channels of the windows have other names, or another order")
    whole = np.concatenate([each.x.reshape(-1, real.n_channels) for each in (sets[0], *sets[2:])]).astype(float)
    known = ~np.isnan(whole)
    low = np.where(known, whole, np.inf).min(0)
    span = np.where(known, whole, -np.inf).max(0) - low
    gone = np.isnan(np.concatenate([each.x.reshape(-1, real.n_channels).astype(float) for each in sets])).any(0)
    span[~(span > 0) | ~np.isfinite(span)] = 1.0
    low[~np.isfinite(low)] = 0.0

    def scaled(windows: WindowSet) -> Floats:
        x = (windows.x.astype(float) - low) / span
        masks = np.isnan(x[..., gone])
        values = np.stack([filled(x[..., c], 0.0) for c in range(x.shape[2])], 2)
        return np.concatenate([values, masks], 2).astype(np.float32)

    return [scaled(each) for each in sets]


def _discriminative(train: Floats, drawn: Floats, others: Floats, seed: int, by: FloorKind) -> Score:
    value, n = accuracy(train, drawn, np.random.default_rng([seed, 1]))
    floor, _ = accuracy(train, others, np.random.default_rng([seed, 1]))
    return Score.of("discriminative", Figure(abs(value - 0.5), n, abs(floor - 0.5)), floor_by=by)


def _predictive(train: Floats, drawn: Floats, others: Floats, seed: int, by: FloorKind) -> Score:
    value, floor = (prediction_error(learnt, others, np.random.default_rng([seed, 2])) for learnt in (drawn, train))
    return Score.of("predictive", Figure(value, len(others), floor), floor_by=by)


def _copies(train: Floats, drawn: Floats, others: Floats, by: FloorKind) -> Score:
    """Windows that are a training window, to a thousandth of the range of each channel; without a holdout beside those
    that are there twice."""
    known, counts = np.unique(_hashes(train), return_counts=True)
    found = int(np.isin(_hashes(drawn), known).sum())
    fresh = int(np.isin(_hashes(others), known).sum()) if len(others) else int(counts[counts > 1].sum())
    n = len(others) or len(train)
    return Score.of("window_copies", contrast(found, len(drawn), fresh, n), floor_by=by if len(others) else "train")


def _hashes(x: Floats) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    flat = np.rint(x.reshape(len(x), -1) * 1000).astype(np.int64).astype(np.uint64)
    factors = np.random.default_rng(flat.shape[1]).integers(0, 2**63, flat.shape[1], dtype=np.uint64)
    return np.asarray(flat @ (factors * np.uint64(2) + np.uint64(1)))


def _nearness(train: Floats, drawn: Floats, others: Floats, seed: int) -> Score:
    """Whether the nearest real window is a training one rather than a fresh one, as many of each."""
    rng = np.random.default_rng([seed, 3])
    n = min(len(train), len(others), MOST)
    some = [x[rng.permutation(len(x))[:n]].reshape(n, -1) for x in (train, others)]
    asked = drawn[rng.permutation(len(drawn))[:MOST]].reshape(min(len(drawn), MOST), -1)
    to_train, to_others = (nearest(asked, x)[1] for x in some)
    share = float(((to_train < to_others) + 0.5 * (to_train == to_others)).mean())
    return Score.of("window_distance_share", Figure(share, len(asked), 0.5), floor_by="theory")
