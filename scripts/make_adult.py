"""Make the embedded Adult table from its CSV form: `python scripts/make_adult.py adult_train.csv`."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

TARGET = Path(__file__).resolve().parent.parent / "src" / "likewise" / "data" / "adult.parquet"


def main(source: str) -> None:
    frame = pl.read_csv(source)
    frame.write_parquet(TARGET, compression="zstd", compression_level=22, row_group_size=len(frame))
    print(f"{TARGET.name}: {len(frame):,} rows, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
