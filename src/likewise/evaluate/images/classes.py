"""Labels of images: are they true, are they as frequent, and what is learnt from them.

Legend: N images, K classes of the real training images.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.figure import Figure
from likewise.evaluate.images.arrays import Images, IntArray
from likewise.evaluate.results import SubgroupScore
from likewise.evaluate.roc import Z95

LEAST_IMAGES = 10
MOST_CLASSES = 100
N_DRAWS = 200

Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """Which images of labelled sets the judges took for what their labels say.

    Args:
        by_real: (m,) the judge that learnt from real images, of the fresh real ones: the floor.
        by_synthetic: (m,) the judge that learnt from as many synthetic images, of the same.
        same_size: (m,) a judge that learnt from no more real images than there are synthetic ones.
        synthetic: (n,) the judge that learnt from real images, of the synthetic ones.
    """

    by_real: Hits
    by_synthetic: Hits
    same_size: Hits
    synthetic: Hits

    @property
    def utility(self) -> Figure:
        """Train on synthetic, test on real; the floor is train on real."""
        return _shares(self.by_synthetic, self.same_size)

    @property
    def fidelity(self) -> Figure:
        """How many synthetic images show what their labels say; the floor is that of fresh real images."""
        return _shares(self.synthetic, self.by_real)


def _shares(hits: Hits, control: Hits) -> Figure:
    return contrast(int(hits.sum()), len(hits), int(control.sum()), len(control))


def class_shares(real: IntArray, synthetic: IntArray, n_classes: int, rng: np.random.Generator) -> Figure:
    """Total variation of the shares of classes; the floor is what two samples of these sizes differ by chance.

    Args:
        real, synthetic: (N,) classes 0 .. K; K stands for none of the real ones.
    """
    counts = [np.bincount(c, minlength=n_classes + 1) for c in (real, synthetic)]
    p, q = (c / c.sum() for c in counts)
    by_chance = _apart(_draws(p, len(real), rng), _draws(p, len(synthetic), rng))
    drawn = _apart(p[None], _draws(q, len(synthetic), rng))
    value, half = float(0.5 * np.abs(p - q).sum()), Z95 * float(max(by_chance.std(), drawn.std()))
    return Figure(value, len(synthetic), float(by_chance.mean()), (max(0.0, value - half), min(1.0, value + half)))


def _draws(p: npt.NDArray[np.float64], n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    return rng.multinomial(n, p, size=N_DRAWS) / n


def _apart(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(0.5 * np.abs(a - b).sum(1))


def class_scores(
    levels: Sequence[str], real: Images, fresh: Images, synthetic: Images, judged: Judged
) -> Iterable[SubgroupScore]:
    """One line a class, in order of the labels; figures where at least 10 images carry them."""
    assert real.labels is not None
    assert fresh.labels is not None
    assert synthetic.labels is not None
    for code, level in enumerate(levels[:MOST_CLASSES]):
        tested, drawn = fresh.labels == code, synthetic.labels == code
        n_real, n_test, n_synthetic = int((real.labels == code).sum()), int(tested.sum()), int(drawn.sum())
        served = _shares(judged.by_synthetic[tested], judged.same_size[tested]) if n_test >= LEAST_IMAGES else None
        is_true = n_synthetic >= LEAST_IMAGES
        yield SubgroupScore(
            level=level,
            n_real=n_real,
            n_synthetic=n_synthetic,
            n_test=n_test,
            utility=None if served is None else served.value,
            utility_floor=None if served is None else served.floor,
            interval=None if served is None else served.interval,
            label_fidelity=float(judged.synthetic[drawn].mean()) if is_true else None,
            label_fidelity_floor=float(judged.by_real[tested].mean()) if served is not None else None,
        )
