"""Files of fitted models set side by side, and the randomness of training taken out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likewise import private_training
from likewise.modelfile import read_model

Artefact = tuple[dict[str, Any], dict[str, Any]]


def file_of(synthesizer: Any, path: Path) -> Artefact:
    """The file of a fitted model, as its manifest and its arrays."""
    synthesizer.save(path)
    file = read_model(path)
    return file.manifest, file.arrays


def are_equal(a: Artefact, b: Artefact) -> bool:
    same_arrays = a[1].keys() == b[1].keys() and all(np.array_equal(a[1][k], b[1][k]) for k in a[1])
    return a[0] == b[0] and same_arrays


def blind_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let steps of training sum up gradients that have nothing to do with the rows."""
    monkeypatch.setattr(private_training, "noisy_sum", lambda total, *rest: np.sin(np.arange(len(total), dtype="f4")))
