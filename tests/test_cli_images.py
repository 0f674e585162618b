"""`likewise evaluate` and `likewise audit` on images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from likewise.cli.app import app
from likewise.images.sets import ImageSet, write_images


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(("real", "fake", "test")):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 120)
        x = rng.integers(0, 60, (120, 8, 8), dtype=np.uint8)
        x[y == 0, :, 3] += 180
        x[y == 1, 3, :] += 180
        write_images(ImageSet(x, y), tmp_path / f"{name}.npz")
        if name == "fake":
            write_images(ImageSet(x, y), tmp_path / "folder")
    return tmp_path


def test_images_are_measured_and_shown(folder):
    done = run("evaluate", folder / "real.npz", folder / "fake.npz", "--holdout", folder / "test.npz",
               "--report", folder / "r.html", "--json", folder / "r.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Fréchet distance" in done.output
    assert "Synthetic images, drawn by chance" in (folder / "r.html").read_text(encoding="utf-8")
    plain = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert {"frechet", "tstr_accuracy", "image_ratio"} <= {s["name"] for s in plain["scores"]}
    assert [grid["shows"] for grid in plain["images"]] == ["synthetic"]


def test_a_folder_of_png_is_read_too(folder):
    first, second = (run("evaluate", folder / "real.npz", folder / name) for name in ("fake.npz", "folder"))
    assert first.exit_code == second.exit_code == 0
    assert "Fréchet" in second.output
    assert "Fréchet" in first.output


def test_real_images_are_shown_on_request(folder):
    done = run("evaluate", folder / "real.npz", folder / "fake.npz", "--show-real", "--report", folder / "r.html")
    assert done.exit_code == 0, done.output
    assert "shows real images" in done.output
    assert "Closest to a training image" in (folder / "r.html").read_text(encoding="utf-8")


def test_dp_only_withholds(folder):
    done = run("evaluate", folder / "real.npz", folder / "fake.npz", "--dp-only", "--report", folder / "r.html")
    assert done.exit_code == 0, done.output
    assert "120 synthetic images" in (folder / "r.html").read_text(encoding="utf-8")


def test_rules_hold_images_to_account(folder):
    rules = folder / "rules.toml"
    rules.write_text(
        "[rules]\nimage_copies = { max = 0 }\nlabel_fidelity = { within = 0.05 }\nfrechet = { no_alarm = true }\n"
        "[subgroups]\nlabel_fidelity = { min = 0.9 }\n"
    )
    kept = run("audit", folder / "real.npz", folder / "fake.npz", "--holdout", folder / "test.npz", "--rules", rules)
    assert kept.exit_code == 0, kept.output
    broken = run("audit", folder / "real.npz", folder / "real.npz", "--holdout", folder / "test.npz", "--rules", rules)
    assert broken.exit_code == 1
    assert "image_copies: max 0: 1" in broken.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["evaluate", "--target", "y"], "target is for tables"),
        (["evaluate", "--schema", "s.json"], "images have no schema"),
        (["audit", "--shadows", "4"], "for tables"),
    ],
)
def test_what_is_for_tables_is_refused(folder, words, told):
    done = run(words[0], folder / "real.npz", folder / "fake.npz", *words[1:])
    assert done.exit_code == 2
    assert told in done.output
