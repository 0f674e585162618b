"""Claims about names and titles: what they look like comes back, no word and no rare form does."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise.codecs.characters import templates_of
from likewise.codecs.column import CodecOptions
from likewise.codecs.outlines import outlines_of
from likewise.codecs.text import TextCodec, summarise_text
from likewise.errors import ModelFileError
from likewise.schema.column import Column, Kind

COLUMN = Column(name="s", kind=Kind.TEXT)
SENTENCE = "all of these are words of a sentence that goes on to number "


def titles(n: int, seed: int = 3) -> pl.Series:
    """Of two words, of three to eleven letters each."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, rng.integers(3, 12))).title() for _ in range(2 * n)]
    return pl.Series("s", [f"{a} {b}" for a, b in zip(words[::2], words[1::2], strict=True)])


def fit(series: pl.Series, persons: pl.Series | None = None) -> TextCodec:
    return TextCodec.from_summary(summarise_text(series, persons, with_prints=True), COLUMN, CodecOptions())


def draw(codec: TextCodec, n: int) -> pl.Series:
    rng = np.random.default_rng(0)
    weights = codec.counts * codec.fields[0].emit
    codes = rng.choice(len(weights), n, p=weights / weights.sum())
    return codec.decode(codes[:, None], np.zeros((n, 0)), rng)


def test_titles_that_share_no_template_are_drawn_by_their_outline() -> None:
    real = titles(400)
    drawn = draw(fit(real), 2_000)
    assert drawn.str.contains(r"^[A-Z][a-z]+ [A-Z][a-z]+$").all()
    lengths = [s.str.split(" ").list.first().str.len_chars() for s in (real, drawn)]
    assert lengths[0].mean() == pytest.approx(lengths[1].mean(), abs=0.5)
    assert lengths[0].std() == pytest.approx(lengths[1].std(), abs=0.5)
    assert not drawn.is_in(real.implode()).any()
    assert drawn.n_unique() > 1_900  # nothing had to be made longer to be new


def test_an_outline_that_one_person_alone_has_is_never_drawn() -> None:
    real = titles(200)
    mine = pl.Series("s", [f"{word}-{word}!" for word in titles(40, 4).str.head(3)])
    persons = pl.Series([*range(200), *[1_000] * 40])
    codec = fit(pl.concat([real, mine]), persons)
    assert not draw(codec, 1_000).str.contains("!", literal=True).any()
    assert "!" not in str(codec.to_state())


def test_sentences_among_titles_are_placeholders_as_often_as_they_were() -> None:
    real = pl.concat([titles(300), pl.Series("s", [f"{SENTENCE}{k}, {w}" for k, w in enumerate(titles(100, 5))])])
    drawn = draw(fit(real), 2_000)
    assert drawn.str.starts_with("This is a placeholder").mean() == pytest.approx(0.25, abs=0.05)
    assert drawn.str.contains(r"^[A-Z][a-z]+ [A-Z][a-z]+$").mean() == pytest.approx(0.75, abs=0.05)


def test_codes_keep_their_templates() -> None:
    real = pl.Series("s", [f"K-{k:04d}" for k in range(500)])
    assert fit(real).outlines is None


def test_outlines_go_through_a_file_and_a_damaged_one_is_refused() -> None:
    codec = fit(titles(200))
    data, arrays = codec.to_state()
    data = {**data, "name": "s"}
    assert draw(TextCodec.from_state(data, arrays), 50).equals(draw(codec, 50))
    for name, wrong in (("outline_kinds", 99), ("outline_length_value", 0), ("outline_letter_place", 9)):
        with pytest.raises(ModelFileError):
            TextCodec.from_state(data, {**arrays, name: np.full_like(arrays[name], wrong)})
    with pytest.raises(ModelFileError):
        TextCodec.from_state(data, {name: a for name, a in arrays.items() if name != "outline_counts"})


def test_an_outline_does_not_tell_lengths() -> None:
    one, two, other = outlines_of(templates_of(pl.Series(["Ada Byron 12", "Grace Ho 3", "GRACE HO 3"])))
    assert one == two != other
