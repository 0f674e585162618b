"""Places under rules: what is moved to where people are keeps the rules of the file that is written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from likewise.cli.app import app

RULES = (
    "state, bird from data",
    "lat <= 30 -> zone = 'low'",
    "30 < lat < 40 -> zone = 'middle'",
    "lat >= 40 -> zone = 'high'",
)


def zone(lat: float) -> str:
    return "low" if lat <= 30 else "middle" if lat < 40 else "high"


def written(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("model", ["cart", "copula"])
def test_states_and_zones_of_written_places_keep_their_rules(tmp_path: Path, model: str) -> None:
    """Towns a third of a degree wide in forty states, some across the border of two zones; four states to a bird."""
    rng = np.random.default_rng(0)
    towns = np.stack([rng.uniform(26, 44, 40), rng.uniform(-120, -75, 40)], axis=1)
    towns[:8, 0] = np.repeat([30, 40], 4)
    state = rng.integers(40, size=2_000)
    lat, lon = (towns[state] + rng.normal(0, 0.15, (2_000, 2))).round(2).T
    real = [
        {"state": f"S{s}", "lat": f"{y:.2f}", "lon": f"{x:.2f}", "bird": f"bird {s % 10}", "zone": zone(y)}
        for s, y, x in zip(state, lat, lon, strict=True)
    ]
    with (tmp_path / "real.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(real[0]))
        writer.writeheader()
        writer.writerows(real)
    words = ["synth", str(tmp_path / "real.csv"), "-o", str(tmp_path / "fake.csv"), "--model", model, "--no-measure"]
    answer = CliRunner().invoke(app, [*words, "--seed", "1", *(word for rule in RULES for word in ("--rule", rule))])
    assert answer.exit_code == 0, answer.output
    made = written(tmp_path / "fake.csv")
    assert len(made) == len(real)
    assert {(r["state"], r["bird"]) for r in made} <= {(r["state"], r["bird"]) for r in real}
    assert all(r["zone"] == zone(float(r["lat"])) for r in made)
    assert max(len(r[c].partition(".")[2]) for r in made for c in ("lat", "lon")) == 2
