"""Fields of one column that are missing together: a draw in which one is missing and the other is not is mended.

A model that draws each field by itself, given latents or a correlation, gives half a date now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.models.drawing.conditioning import blocks

Draw = Callable[[int, np.random.Generator, Given], Codes]
"""Draws n rows of a model under what is given."""


def pairs_of(alphabet: Alphabet) -> list[tuple[int, int]]:
    """Fields that are missing together, the one before and the one after."""
    fields = alphabet.fields
    together = [j for j, f in enumerate(fields) if j and f.missing_as_before and f.missing is not None]
    return [(j - 1, j) for j in together if fields[j - 1].missing is not None]


def whole(drawn: Codes, draw: Draw, alphabet: Alphabet, rng: np.random.Generator, given: Given) -> Codes:
    """Drawn rows without half a missing value.

    The field that is told decides, or the first of the two. Where it is missing the other one is made missing too;
    where it is not, the other is drawn again, given all the rest of the row and that it is not missing.

    Args:
        draw: as the rows were drawn, for rows of which all codes but one are known.
        given: what the rows were drawn under.
    """
    for first, second in pairs_of(alphabet):
        known = np.zeros((len(drawn), 2), bool) if given.codes is None else given.codes[:, [first, second]] >= 0
        drawn = _following(drawn, first, second, ~known[:, 1], draw, alphabet, rng, given)
        drawn = _following(drawn, second, first, known[:, 1] & ~known[:, 0], draw, alphabet, rng, given)
    return drawn


def _following(
    drawn: Codes, lead: int, other: int, rows: npt.NDArray[np.bool_], draw: Draw, alphabet: Alphabet,
    rng: np.random.Generator, given: Given,
) -> Codes:  # fmt: skip
    """These rows with the other field missing where the leading one is, and only there."""
    field = alphabet.fields[other]
    is_missing = drawn.codes[:, lead] == alphabet.fields[lead].missing
    half = rows & (is_missing != (drawn.codes[:, other] == field.missing))
    if not half.any():
        return drawn
    drawn = Codes(drawn.codes.copy(), drawn.fractions.copy())
    assert field.missing is not None, "of a pair"
    drawn.codes[half & is_missing, other] = field.missing
    share = given.weights.get(other, np.ones(field.size)) * (np.arange(field.size) != field.missing)
    for block, stream in blocks(len(drawn), rng):
        at = block.start + np.flatnonzero((half & ~is_missing)[block])
        if len(at) and share.any():
            told = drawn.codes[at].astype(np.int64)
            told[:, other] = -1
            again = draw(len(at), stream, replace(given, codes=told, weights={other: share}, joint=False))
            drawn.codes[at, other] = again.codes[:, other]
            if field.fraction is not None:
                drawn.fractions[at, field.fraction] = again.fractions[:, field.fraction]
    return drawn
