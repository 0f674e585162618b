"""Each planted fault is told by the figure that is there to tell it, and fresh real images by none."""

from __future__ import annotations

import numpy as np
import pytest

import likewise as lw
from likewise.errors import InputError, OptionError
from likewise.evaluate import Report
from likewise.evaluate.images import likeness
from likewise.evaluate.images.gather import evaluate_images
from likewise.images.sets import ImageSet

from .sets import digits, planted

ALL = {
    "frechet", "kid", "image_density", "image_coverage", "class_histogram", "label_fidelity", "tstr_accuracy",
    "image_copies", "image_ratio", "image_distance_share", "image_near_copies", "image_membership",
}  # fmt: skip


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    train, holdout = digits("train"), digits("holdout")
    return {name: evaluate_images(train, fake, holdout=holdout) for name, fake in planted().items()}


def test_fresh_real_images_are_not_flagged(reports):
    fresh = reports["fresh"]
    assert {s.name for s in fresh} == ALL
    assert [s.name for s in fresh if s.stands == "worse"] == []
    assert fresh["tstr_accuracy"].value == pytest.approx(fresh["tstr_accuracy"].floor, abs=0.02)
    assert fresh["label_fidelity"].value >= 0.97


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("copies", {"image_copies", "image_ratio", "image_distance_share", "image_near_copies", "image_membership"}),
        ("few copies", {"image_copies", "image_near_copies"}),
        ("shaken copies", {"image_ratio", "image_distance_share", "image_near_copies", "image_membership"}),
        ("blurred", {"frechet", "kid", "image_density", "image_coverage"}),
        ("noise", {"frechet", "kid", "image_density", "image_coverage", "label_fidelity", "tstr_accuracy"}),
        ("one class", {"frechet", "kid", "image_coverage", "class_histogram", "tstr_accuracy"}),
        ("wrong labels", {"label_fidelity", "tstr_accuracy"}),
        ("half wrong", {"label_fidelity"}),
    ],
)
def test_each_fault_is_told(reports, fault, told):
    found = {s.name for s in reports[fault] if s.stands == "worse"}
    assert told <= found


def test_a_fault_of_one_kind_is_not_told_as_another(reports):
    copying = {name for name in ALL if name.startswith("image_")} - {"image_density", "image_coverage"}
    for fault in ("blurred", "wrong labels", "one class"):
        assert not copying & {s.name for s in reports[fault] if s.stands == "worse"}, fault
    assert reports["shaken copies"]["image_copies"].value == 0
    assert reports["wrong labels"]["frechet"].value == reports["fresh"]["frechet"].value


def test_figures_of_plain_faults_are_what_they_must_be(reports):
    assert reports["copies"]["image_copies"].value == 1
    assert reports["copies"]["image_membership"].value > 0.99
    assert reports["few copies"]["image_copies"].value == pytest.approx(15 / 462)
    assert reports["wrong labels"]["label_fidelity"].value < 0.05
    assert reports["half wrong"]["label_fidelity"].value == pytest.approx(0.5, abs=0.06)
    assert reports["one class"]["tstr_accuracy"].value == pytest.approx(0.1, abs=0.05)
    assert reports["one class"]["class_histogram"].value == pytest.approx(0.9, abs=0.02)


def test_classes_have_a_line_each(reports):
    lines = reports["half wrong"].subgroups
    assert [line.level for line in lines] == [str(k) for k in range(10)]
    assert sum(line.n_synthetic for line in lines) == 447
    assert all(line.label_fidelity < line.label_fidelity_floor for line in lines)
    (column,) = reports["one class"].columns
    assert dict(zip(column.picture.labels, column.picture.synthetic, strict=True))["3"] == 1.0


def test_same_seed_same_report_whatever_the_threads():
    import torch

    sets = digits("train")[:300], digits("fresh")[:200]
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        first = evaluate_images(*sets, random_state=3)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        assert evaluate_images(*sets, random_state=3) == first
    finally:
        torch.set_num_threads(threads)
    assert evaluate_images(*sets, random_state=4) != first


def test_the_order_of_the_images_does_not_matter(monkeypatch):
    """Generators draw class by class; the kernel distance takes the first images only."""
    monkeypatch.setattr(likeness, "MAX_KERNEL_ROWS", 200)
    fresh = digits("fresh")
    report = evaluate_images(digits("train"), fresh[np.argsort(fresh.y)], holdout=digits("holdout"))
    assert [s.name for s in report if s.stands == "worse"] == []


def test_torch_keeps_its_own_state():
    import torch

    before = torch.get_rng_state()
    evaluate_images(digits("train")[:100], digits("fresh")[:100])
    assert torch.equal(torch.get_rng_state(), before)


def test_without_labels_likeness_and_copies_are_still_measured():
    train, fresh, holdout = (ImageSet(digits(part).x) for part in ("train", "fresh", "holdout"))
    x = fresh.x
    blurred = ImageSet(((x.astype(float) + np.roll(x, 1, 1) + np.roll(x, 1, 2)) / 3).round().astype(np.uint8))
    plain, bad = (evaluate_images(train, fake, holdout=holdout) for fake in (fresh, blurred))
    assert {s.name for s in plain} == ALL - {"class_histogram", "label_fidelity", "tstr_accuracy"}
    assert [s.name for s in plain if s.stands == "worse"] == []
    assert {"frechet", "image_coverage"} <= {s.name for s in bad if s.stands == "worse"}


def test_synthetic_images_without_labels_are_sorted_by_a_net():
    one = planted()["one class"]
    report = evaluate_images(digits("train"), ImageSet(one.x), holdout=digits("holdout"))
    assert report["class_histogram"].value == pytest.approx(0.9, abs=0.03)
    assert "label_fidelity" not in report
    assert any("have no labels" in note for note in report.notes)


def test_without_a_holdout_a_fifth_of_the_real_images_gives_the_floors():
    report = lw.evaluate(digits("train"), digits("fresh"))
    assert {s.name for s in report} == {n for n in ALL if "ratio" not in n and "near" not in n} - {
        "image_distance_share", "image_membership",
    }  # fmt: skip
    assert [s.name for s in report if s.stands == "worse"] == []
    assert report["frechet"].floor_by == "halves"


def test_few_images_leave_copies():
    report = evaluate_images(digits("train")[:10], digits("fresh")[:30])
    assert [s.name for s in report] == ["image_copies"]
    assert "at least 20 images" in report.notes[-1]
    assert len(report.images) == 1


@pytest.mark.parametrize("shape", [(60, 1, 5), (60, 3, 9, 7), (60, 33, 70), (60, 3, 40, 40)])
def test_any_size_is_measured(shape):
    rng = np.random.default_rng(0)
    sets = [ImageSet(rng.random(shape), rng.choice(["cat", "dog"], 60)) for _ in range(3)]
    report = evaluate_images(sets[0], sets[1], holdout=sets[2])
    assert {s.name for s in report} == ALL
    assert all(np.isfinite(s.value) for s in report)


def test_labels_that_no_real_image_has_are_told():
    train, fresh = digits("train")[:100], digits("fresh")[:100]
    report = evaluate_images(train, ImageSet(fresh.x, fresh.y + 20), holdout=digits("holdout")[:100])
    assert report["label_fidelity"].value == report["tstr_accuracy"].value == 0
    assert report["class_histogram"].value == 1


def test_labels_of_no_use_are_left_out():
    train, fresh = digits("train")[:60], digits("fresh")[:60]
    each = ImageSet(train.x, np.arange(60))
    for real, holdout in ((each, each), (ImageSet(train.x, np.ones(60, int)), train), (train, ImageSet(train.x))):
        report = evaluate_images(real, fresh, holdout=holdout)
        assert {"frechet", "image_ratio"} <= {s.name for s in report}
        assert not {"label_fidelity", "class_histogram"} & {s.name for s in report}
        assert "not used" in report.notes[0]
        assert len(report.images[0].strips) == 6


def test_blank_images_do_no_harm():
    blank = ImageSet(np.zeros((50, 8, 8), np.uint8), np.arange(50) % 2)
    report = evaluate_images(blank, blank, holdout=blank)
    assert all(np.isfinite(s.value) for s in report)


def test_real_images_are_shown_on_request_only():
    train, fresh = digits("train")[:100], digits("fresh")[:100]
    report = lw.evaluate(train, fresh)
    assert [grid.shows for grid in report.images] == ["synthetic"]
    shown = lw.evaluate(train, fresh, show_real=True)
    assert [grid.shows for grid in shown.images] == ["synthetic", "real", "closest"]
    assert any("shows real images" in note for note in shown.notes)
    assert Report.from_json(shown.to_json()) == shown


def test_the_door_takes_what_fit_takes():
    train, fresh = digits("train")[:100], digits("fresh")[:100]
    as_mappings = lw.evaluate({"x": train.x, "y": train.y}, {"x": fresh.x, "y": fresh.y})
    assert as_mappings == lw.evaluate(train, fresh)
    assert "frechet" in lw.evaluate(train.x, fresh.x)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: ImageSet(s.x[:, 1:], s.y), "synthetic images are 7 × 8, the real ones 8 × 8"),
        (lambda s: ImageSet(s.x / 16, s.y), "on the scale 0 to 1, the real ones uint8 on 0 to 16"),
        (lambda s: ImageSet(s.x * 10, s.y), "on the scale 0 to 255, the real ones uint8 on 0 to 16"),
        (lambda s: ImageSet(s.x, np.full(len(s), "two")), "labels are numbers, others are text"),
        (lambda s: np.zeros((3, 4)), "the others are not all"),
    ],
)
def test_sets_that_do_not_fit_are_told(change, told):
    with pytest.raises(InputError, match=told):
        lw.evaluate(digits("train"), change(digits("fresh")))


@pytest.mark.parametrize("option", [{"target": "y"}, {"by": "y"}, {"learner": "linear"}, {"measures": "joint"}])
def test_options_of_tables_are_refused(option):
    with pytest.raises(OptionError, match="is for tables"):
        lw.evaluate(digits("train"), digits("fresh"), **option)


def test_show_real_is_refused_for_tables():
    import polars as pl

    frame = pl.DataFrame({"a": [1, 2, 3]})
    with pytest.raises(OptionError, match="show_real is for images"):
        lw.evaluate(frame, frame, show_real=True)
