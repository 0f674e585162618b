"""Do synthetic images repeat training images, or crowd around them?

Distances are those of pixels: Euclidean, images of more than 32 pixels a side reduced to that. An image moved by a
pixel is far from itself by that measure; a copy with noise, or a bit lighter, is near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.copies import side_of_nearest
from likewise.evaluate.attacks.membership import Membership, guesses
from likewise.evaluate.figure import Figure
from likewise.evaluate.images.arrays import Images, IntArray
from likewise.evaluate.neighbours import nearest, nearest_few
from likewise.evaluate.roc import Z95

FloatArray = npt.NDArray[np.float64]
MAX_SYNTHETIC = 5_000
MAX_REAL = 20_000
MAX_MEMBERS = 2_000
MOST_RATIO = 2.0


@dataclass(frozen=True)
class Copying:
    """What nearness tells.

    Args:
        ratio: mean distance of synthetic images to the nearest training image over that to the nearest holdout image,
            of as many of each; the floor is that of the holdout images themselves.
        near, crowded: which side the nearest real image is on, for all and for the hundredth that comes closest.
        member: guessing who was in the training images, by distance.
    """

    ratio: Figure
    near: Figure
    crowded: Figure
    member: Membership


def copying(train: Images, holdout: Images, synthetic: Images, rng: np.random.Generator) -> Copying:
    """All of them; the images are small already."""
    train, synthetic = train.sample(MAX_REAL, rng), synthetic.sample(MAX_SYNTHETIC, rng)
    holdout = holdout.sample(MAX_REAL, rng)
    near, crowded = side_of_nearest(
        np.concatenate([train.vectors, holdout.vectors]), len(train), synthetic.vectors, rng
    )
    n = min(len(train), len(holdout), MAX_MEMBERS)
    members, others = train.sample(n, rng).vectors, holdout.sample(n, rng).vectors
    by_distance = guesses(members, others, synthetic.vectors)
    return Copying(_ratio(train, holdout, synthetic, rng), near, crowded, by_distance)


def _ratio(train: Images, holdout: Images, synthetic: Images, rng: np.random.Generator) -> Figure:
    """Of as many training as holdout images: with more of one kind its nearest is nearer, the more so where images are
    alike, and a generator that draws ones too often would look like one that copies.
    """
    n = min(len(train), len(holdout))
    members, others = train.sample(n, rng).vectors, holdout.sample(n, rng).vectors
    to_others = nearest_few(others, others, 1, same=True)[1][:, 0]
    value = _ratios(nearest(synthetic.vectors, members)[1], nearest(synthetic.vectors, others)[1])
    floor = _ratios(nearest(others, members)[1], to_others)
    half = Z95 * float(np.sqrt(value.var() / len(value) + floor.var() / len(floor)))
    mean = float(value.mean())
    return Figure(mean, len(value), float(floor.mean()), (max(0.0, mean - half), mean + half))


def _ratios(to_members: FloatArray, to_others: FloatArray) -> FloatArray:
    """Distance over distance; 1 where both are 0, and 2 at most, so that a copy of a holdout image does not rule."""
    equal = to_members == to_others
    return np.where(equal, 1.0, np.minimum(to_members / np.maximum(to_others, 1e-12), MOST_RATIO))


def closest_pairs(train: Images, synthetic: Images, n: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Places of the n synthetic images that come closest to one training image, and of those training images.

    Closest beside the second nearest training image: plain distance would name the plainest images. The images are
    small already; at most 5,000 synthetic and 20,000 training images are looked at.
    """
    at, of = (rng.permutation(len(s))[:most] for s, most in ((synthetic, MAX_SYNTHETIC), (train, MAX_REAL)))
    index, distance = nearest_few(synthetic.vectors[at], train.vectors[of], 2)
    first = distance[:, 0] / np.maximum(distance[:, -1], 1e-12)
    order = np.argsort(first, kind="stable")[:n]
    return at[order], of[index[order, 0]]
