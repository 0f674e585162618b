"""The k-anonymous codec: what a generator is told of the quasi-identifiers is shared by at least k of its rows.

The codes of each field are the leaves of a binary tree that halves the rows again and again; Mondrian splits the rows
along those trees, and every class is told by the lowest node that holds its codes. So cells nest, there are fewer than
twice as many as codes, and each can be told by one code more.

Legend: n rows, F merged fields, K codes of one field, G classes.

References: LeFevre, DeWitt, Ramakrishnan 2006 (Mondrian, its splits along a hierarchy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Codes
from likewise.codecs.cells import Cells, FieldCells
from likewise.codecs.column import CodecOptions
from likewise.codecs.table import TableCodec
from likewise.errors import OptionError, PrivacyError
from likewise.privacy.criteria import Bools, count_persons
from likewise.privacy.encoding import Ints, Quasi, encode
from likewise.privacy.hierarchies import from_dict
from likewise.privacy.mondrian import Splits, common_step, mondrian
from likewise.schema.column import Role, Schema
from likewise.schema.persons import persons_of


def anonymous_codec(
    frame: pl.DataFrame, schema: Schema, options: CodecOptions, others: Sequence[pl.DataFrame] = ()
) -> TableCodec:
    """The codec of a canonical frame that tells a generator k-anonymous quasi-identifiers.

    Every level, value and range end that is kept of a quasi-identifier has `k_anonymous` rows behind it (the two labels
    of a boolean and declared bounds are public), and every combination of codes on all of them, as training rows are
    told, is shared by as many. That is counted again on the codes before the codec is given out.

    Args:
        frame: the training rows; none of them is left out.
        options: with `k_anonymous` set; the columns are those of role `quasi_identifier`.
        others: real rows that are not learnt, whose keys may not be made again.

    Raises:
        OptionError: no column is a quasi-identifier.
        PrivacyError: there are fewer rows than k; or the codes do not keep the promise.

    Privacy: k-anonymity of what training sees, on these columns. Rows drawn may combine what no row combines, other
    columns are as they are, and nothing here is differentially private.

    Example:
        >>> import polars as pl, likewise as lw
        >>> frame = pl.DataFrame({"age": [20, 30, 40, 50] * 10, "town": ["a", "b", "b", "a"] * 10, "x": range(40)})
        >>> schema = lw.infer(frame)
        >>> for name in ("age", "town"):
        ...     schema = schema.replace(name, role=lw.Role.QUASI_IDENTIFIER)
        >>> codec = anonymous_codec(frame, schema, CodecOptions(k_anonymous=20))
        >>> len(set(map(tuple, codec.encode(frame).codes[:, :2].tolist())))
        2
    """
    k = options.k_anonymous
    names = [column.name for column in schema if column.role is Role.QUASI_IDENTIFIER]
    if k is None or not names:
        raise OptionError(
            "k_anonymous needs to know the quasi-identifiers: give columns of the schema that role, as in "
            "schema.replace('age', role='quasi_identifier'), or name them with --quasi-identifiers"
        )
    persons = None if schema.entity is None else persons_of(frame, schema.entity)
    n_members = len(frame) if persons is None else int(persons.max()) + 1
    if n_members < k:
        of = "rows" if persons is None else f"persons (column {schema.entity!r})"
        raise PrivacyError(f"k_anonymous={k} is more than the {n_members} {of} to learn from")
    summary, free = TableCodec.summarise(frame, schema, others), replace(options, k_anonymous=None)
    as_asked = TableCodec.from_summary(summary, schema, free)
    # Declared levels are public, yet whether anybody has them is not.
    undeclared = Schema(tuple(replace(c, levels=None) if c.name in names else c for c in schema))
    guarded = TableCodec.from_summary(summary, undeclared, free, protect=True, min_rows=max(k, options.min_rows))
    pairs = zip(as_asked.codecs, guarded.codecs, strict=True)
    plain = TableCodec(tuple(safe if safe.name in names else own for own, safe in pairs), options)
    fields = [at for name in names for at in plain.fields_of(name)]
    codec = replace(plain, cells=_cells(plain.own_codes(frame), fields, plain, k, persons))
    _verify(codec.encode(frame), codec, fields, k, persons)
    return codec


def _cells(codes: Codes, fields: list[int], codec: TableCodec, k: int, persons: Ints | None) -> Cells:
    """The cells of these fields that Mondrian comes to."""
    base = [codec.own_alphabet.fields[j] for j in fields]
    own = [codes.codes[:, j].astype(np.int64) for j in fields]
    seen = [np.unique(x) for x in own]
    columns = [_halved(np.searchsorted(codes, x), codes[-1] == f.missing)
               for x, codes, f in zip(own, seen, base, strict=True)]  # fmt: skip

    def accept(sizes: Ints, groups: Ints, rows: Ints) -> Bools:
        return (sizes if persons is None else count_persons(groups, persons[rows], len(sizes))) >= k

    classes, n_classes, splits = mondrian(columns, k, accept, persons=persons)
    order = np.argsort(classes, kind="stable")
    starts = np.searchsorted(classes[order], np.arange(n_classes))
    merged, told = [], []
    for i, j in enumerate(fields):
        of_class, runs = _told(columns[i], order, starts)
        usual = _usual(own[i], of_class[classes], base[i].size)
        rows = np.bincount(own[i], minlength=base[i].size).astype(np.float64)
        merged.append(FieldCells(j, seen[i][runs], usual, rows))
        told.append(of_class)
    return Cells(tuple(merged), *_tree(splits, columns, seen), np.stack(told, 1))


def _halved(ranks: npt.NDArray[Any], missing_last: bool) -> Quasi:
    """A field with the tree that halves its rows at each step, down to single codes.

    Args:
        ranks: (n,) place of each row's code among those that occur.
        missing_last: whether the last of them is missing; it is parted from all others first.
    """
    rows = np.bincount(ranks)
    upto, m = np.cumsum(rows), len(rows)
    node, chains = np.zeros(m, np.int64), [["*"] for _ in range(m)]
    if missing_last and m > 1:
        node[-1] = 1
    while node[-1] < m - 1:
        for chain, label in zip(chains, node.tolist(), strict=True):
            chain.insert(0, f"{len(chain)}.{label}")
        starts = np.flatnonzero(np.diff(node, prepend=-1))
        stops = np.append(starts[1:], m)
        half = (upto[starts] - rows[starts] + upto[stops - 1]) / 2
        cut = np.clip(np.searchsorted(upto - rows / 2, half), starts + 1, stops - 1)
        node = np.cumsum(np.isin(np.arange(m), np.append(starts, cut))) - 1
    return encode(pl.Series("codes", ranks.astype(np.int64)), from_dict(dict(enumerate(chains))))


def _told(column: Quasi, order: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """The cell of each class, and the first and last code of each cell. Shape: -> (G,), (C, 2)"""
    assert column.ladder is not None
    maps, place = np.stack(column.ladder.maps), np.arange(column.n_levels)
    opens = np.diff(maps, prepend=-1) != 0
    first = np.maximum.accumulate(np.where(opens, place, 0), axis=1)
    closes = np.diff(maps, append=-1) != 0
    last = np.minimum.accumulate(np.where(closes, place, len(place))[:, ::-1], axis=1)[:, ::-1]
    codes = column.codes[order]
    low, high = np.minimum.reduceat(codes, starts), np.maximum.reduceat(codes, starts)
    step = common_step(column, low, high)
    runs, cell = np.unique(np.stack([first[step, low], last[step, low]], 1), axis=0, return_inverse=True)
    return cell.ravel(), runs


def _usual(codes: Ints, cells: Ints, size: int) -> Ints:
    """(K,) the cell that most rows of each code are told as; of a code without rows that of the nearest code below."""
    pairs, rows = np.unique(np.stack([codes, cells], 1), axis=0, return_counts=True)
    best = pairs[np.lexsort((rows, pairs[:, 0]))]
    most = best[np.append(best[1:, 0] != best[:-1, 0], True)]  # the last of each code
    return np.asarray(most[np.maximum(np.searchsorted(most[:, 0], np.arange(size), side="right") - 1, 0), 1])


def _tree(splits: Splits, columns: list[Quasi], seen: list[Ints]) -> tuple[Ints, Ints, Ints]:
    """Cuts in place of steps of hierarchies: a node's two children are runs of codes, so one code parts them."""
    cut = np.full(len(splits.column), -1)
    # Both children of a node have an entry in its fan; the second one's label says where it begins.
    node, label = splits.fan_key[1::2] // splits.fan_width, splits.fan_key[1::2] % splits.fan_width
    for j, step in set(zip(splits.column[node].tolist(), splits.step[node].tolist(), strict=True)):
        here = (splits.column[node] == j) & (splits.step[node] == step)
        ladder = columns[j].ladder
        assert ladder is not None
        cut[node[here]] = seen[j][np.searchsorted(ladder.maps[step], label[here])]
    return splits.column, cut, np.where(splits.column >= 0, splits.left, splits.leaf)


def _verify(codes: Codes, codec: TableCodec, fields: list[int], k: int, persons: Ints | None) -> None:
    """Count again what is told, by other means than the search.

    Raises:
        PrivacyError: a combination is shared by fewer than k persons, or a fraction tells more than the code.
    """
    table = pl.DataFrame({str(j): codes.codes[:, j] for j in fields})
    who = np.arange(table.height) if persons is None else persons
    names = table.columns
    sizes = table.with_columns(who=pl.Series(who)).group_by(names).agg(pl.col("who").n_unique())["who"]
    few = int((sizes < k).sum())
    telling = [j for j in fields if codec.alphabet.fields[j].fraction is not None]
    if few or telling:
        members = "rows" if persons is None else "persons"
        raise PrivacyError(
            f"the codes do not keep their promise: {few} of {len(sizes)} combinations are shared by fewer than {k} "
            f"{members}, {len(telling)} fields tell more than a code. This is a fault in likewise, please report it"
        )
