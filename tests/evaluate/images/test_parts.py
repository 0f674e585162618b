"""Sets on one scale, judges, and pairs that come closest."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.evaluate.images.arrays import Images, on_one_scale, small
from likewise.evaluate.images.classes import class_shares
from likewise.evaluate.images.copying import closest_pairs, copying
from likewise.evaluate.images.judge import learn_labels, learn_turns
from likewise.images.sets import ImageSet

from .sets import digits


def test_a_dark_set_keeps_the_scale_of_the_real_one():
    real = ImageSet(np.full((3, 2, 2), 255, np.uint8))
    dark = ImageSet(np.ones((3, 2, 2), np.uint8))
    sets, _ = on_one_scale({"real": real, "synthetic": dark})
    assert sets["synthetic"].pixels.max() == pytest.approx(1 / 255)


def test_labels_become_places_among_the_real_ones():
    x = np.zeros((3, 2, 2), np.uint8)
    sets, levels = on_one_scale(
        {"real": ImageSet(x, np.array([9, 4, 9])), "synthetic": ImageSet(x, np.array([4, 5, 12]))}
    )
    assert levels == ("4", "9")
    assert sets["real"].labels.tolist() == [1, 0, 1]
    assert sets["synthetic"].labels.tolist() == [0, 2, 2]


def test_equal_images_have_equal_hashes_and_others_not():
    rng = np.random.default_rng(0)
    images = Images(rng.random((500, 1, 6, 6), dtype=np.float32))
    moved = images.pixels.copy()
    moved[:, 0, 2, 2] = (moved[:, 0, 2, 2] + 0.5) % 1.0
    assert np.array_equal(images.hashes, Images(images.pixels + np.float32(1e-4) * 0).hashes)
    assert not np.isin(Images(moved).hashes, images.hashes).any()


def test_large_images_are_reduced_by_means():
    images = Images(np.random.default_rng(0).random((2, 3, 64, 50), dtype=np.float32))
    reduced = small(images)
    assert reduced.pixels.shape == (2, 3, 32, 25)
    assert reduced.pixels[1, 2, 4, 7] == pytest.approx(images.pixels[1, 2, 8:10, 14:16].mean())
    assert small(reduced) is reduced


def test_a_judge_tells_digits_and_turns():
    sets, levels = on_one_scale({"real": digits("train"), "synthetic": digits("fresh")})
    judge = learn_labels(sets["real"], len(levels), np.random.default_rng(0))
    assert (judge.guesses(sets["synthetic"]) == sets["synthetic"].labels).mean() > 0.95
    assert judge.features(sets["synthetic"]).shape == (447, 64)
    turned = learn_turns(sets["real"], np.random.default_rng(0))
    upright = turned.guesses(sets["synthetic"]) == 0
    assert upright.mean() > 0.7


def test_the_ratio_does_not_take_one_class_for_copies():
    """Where images are alike the nearest of more images is much nearer; that is why as many of each are asked."""
    beyond = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        light, dark, fresh = rng.random((900, 1, 8, 8)), *(0.1 * rng.random((2, 300, 1, 8, 8)))
        real = Images(np.concatenate([light, dark]).astype(np.float32))
        train, holdout = real.take(np.arange(0, 1200, 2)), real.take(np.arange(1, 1200, 4))
        found = copying(train, holdout, Images(fresh.astype(np.float32)), rng)
        beyond.append(found.ratio.value - found.ratio.floor)
    # The mean of four deviates by .003; all training images beside fewer others would put it at -.016.
    assert np.mean(beyond) > -0.006


def test_closest_pairs_are_the_copies():
    rng = np.random.default_rng(0)
    train, fake = (Images(rng.random((50, 1, 6, 6), dtype=np.float32)) for _ in range(2))
    pixels = fake.pixels.copy()
    pixels[[7, 30]] = train.pixels[[4, 19]]
    rows, beside = closest_pairs(train, Images(pixels), 2, rng)
    assert dict(zip(rows.tolist(), beside.tolist(), strict=True)) == {7: 4, 30: 19}


def test_shares_of_classes_have_their_floor_by_chance():
    rng = np.random.default_rng(0)
    draws = [class_shares(rng.integers(0, 10, 500), rng.integers(0, 10, 200), 10, rng) for _ in range(40)]
    assert np.mean([d.value for d in draws]) == pytest.approx(np.mean([d.floor for d in draws]), rel=0.1)
    assert np.mean([d.interval[0] <= d.floor <= d.interval[1] for d in draws]) >= 0.9
