"""Four ways to give a table away k-anonymously, with and without a generator, and what each keeps.

    python examples/publish.py [picture.svg]

The people of a census are known by age, education, marriage, work, sex and race. Their rows are recoded; or a model
learns the recoded rows; or it learns the rows and what it draws is recoded; or it is told the rows k-anonymously and
what it draws is left as it is. The picture shows how alike two columns still hang together, by how many people hide
behind each combination.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

import likewise as lw
from _svg import COLOURS, Plot
from likewise.data import adult
from likewise.privacy import anonymize, drawn_values

KNOWN = ["age", "education-num", "marital-status", "occupation", "sex", "race"]
"""By these columns someone could find a person."""

WAYS = ("the rows, recoded", "rows recoded, then learnt", "learnt, then draws recoded", "learnt from k-anonymous codes")


def main(out: Path = Path("publish.svg"), n: int = 8_000, ks: tuple[int, ...] = (2, 5, 10, 25, 50)) -> None:
    frame = adult().head(n).select(*KNOWN, "hours-per-week", "income")
    kept = {way: [told(way, frame, k) for k in ks] for way in WAYS}
    for way, overlaps in kept.items():
        print(f"{way}: " + ", ".join(f"{overlap:.3f} at k = {k}" for overlap, k in zip(overlaps, ks, strict=True)))

    low = min(map(min, kept.values())) - 0.03
    plot = Plot(
        "What is left of pairs of columns, by the size of the crowd",
        f"Overlap of two-way tables with the real ones (1 is best); {n:,} rows of Adult, {len(KNOWN)} columns known",
        x=(0, max(ks) + 2), y=(low, 1), x_label="k: rows that share each combination", y_label="overlap of pairs",
    )  # fmt: skip
    for way, colour in zip(WAYS, COLOURS, strict=True):
        plot.line(ks, kept[way], colour=colour)
        for k, overlap in zip(ks, kept[way], strict=True):
            plot.point(k, overlap, colour=colour)
    plot.legend(list(zip(WAYS, COLOURS, strict=True)))
    plot.save(out)
    print(f"picture: {out}")


def told(way: str, frame: pl.DataFrame, k: int) -> float:
    """How alike the pairs of columns are that this way gives away."""
    rng = np.random.default_rng(0)
    if way == "learnt from k-anonymous codes":
        rows = learn(frame, schema=quasi(frame), codec=lw.CodecOptions(k_anonymous=k))
    else:
        rows = learn(frame) if way == "learnt, then draws recoded" else frame
        done = anonymize(rows, quasi_identifiers=KNOWN, k=k, random_state=0)
        # Labels cannot be held against values: each becomes one of those that it stands for.
        values = drawn_values(rows[done.rows], done.frame, KNOWN, rng)
        rows = learn(values) if way == "rows recoded, then learnt" else values
    return lw.evaluate(frame, rows, measures=["accuracy"])["accuracy_bivariate"].value


def learn(frame: pl.DataFrame, **options: object) -> pl.DataFrame:
    return lw.Synthesizer("mst", random_state=0, **options).fit(frame).sample()


def quasi(frame: pl.DataFrame) -> lw.Schema:
    schema = lw.infer(frame)
    for name in KNOWN:
        schema = schema.replace(name, role=lw.Role.QUASI_IDENTIFIER)
    return schema


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
