"""A graphical model over codes: potentials on small groups of fields, joined in a tree of cliques.

Fitted to noisy tables of counts by mirror descent (McKenna, Sheldon and Miklau 2019, algorithm 2), its marginals found
by passing messages through the junction tree. It sees tables of counts only, never rows: what is done here costs no
privacy.

Legend: a clique is a tuple of field numbers, ascending; its table has one axis a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.dp.queries import Clique, Measurement, Table
from likewise.nets.allowed import Allowed


@dataclass(frozen=True)
class JunctionTree:
    """Maximal cliques of a triangulated graph, in an order in which each but the first hangs on an earlier one.

    Args:
        cliques: the cliques, a parent before its children.
        parents: the place of each clique's parent; -1 for the root. Parts that share no field hang together by an
            empty separator.
        sizes: codes of every field.
    """

    cliques: tuple[Clique, ...]
    parents: tuple[int, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, cliques: Iterable[Clique], sizes: Sequence[int]) -> JunctionTree:
        """The tree in which each of these cliques lies inside one. Every field gets a clique at least."""
        maximal = _triangulated([*cliques, *((j,) for j in range(len(sizes)))], sizes) or [()]
        # A greatest spanning tree by the size of what two cliques share is a junction tree.
        order, parents, left = [0], [-1], set(range(1, len(maximal)))
        best = {i: (len(set(maximal[i]) & set(maximal[0])), 0) for i in left}
        while left:
            i = max(left, key=lambda k: (best[k][0], -k))
            left.remove(i)
            parents.append(order.index(best[i][1]))
            order.append(i)
            for k in left:
                shared = len(set(maximal[k]) & set(maximal[i]))
                if shared > best[k][0]:
                    best[k] = shared, i
        return cls(tuple(maximal[i] for i in order), tuple(parents), tuple(sizes))

    @property
    def n_cells(self) -> int:
        """Cells of all tables together: what a round costs."""
        return sum(prod(self.sizes[j] for j in clique) for clique in self.cliques)

    @cached_property
    def separators(self) -> tuple[Clique, ...]:
        """What each clique shares with its parent; empty for the root."""
        pairs = zip(self.cliques, self.parents, strict=True)
        return tuple(tuple(sorted(set(c) & set(self.cliques[p]))) if p >= 0 else () for c, p in pairs)

    @cached_property
    def _summed(self) -> tuple[tuple[int, ...], ...]:
        """The axes of each clique that its parent does not share."""
        pairs = zip(self.cliques, self.separators, strict=True)
        return tuple(tuple(i for i, j in enumerate(c) if j not in s) for c, s in pairs)

    def home(self, clique: Clique) -> int:
        """A clique of the tree that holds this one, the smallest."""
        inside = [i for i, c in enumerate(self.cliques) if set(clique) <= set(c)]
        return min(inside, key=lambda i: prod(self.sizes[j] for j in self.cliques[i]))

    def zeros(self) -> list[Table]:
        return [np.zeros([self.sizes[j] for j in clique]) for clique in self.cliques]

    def marginals(self, potentials: Sequence[Table]) -> tuple[list[Table], float]:
        """Shares of every cell of every clique, and the log of the normaliser (Shafer and Shenoy 1990).

        Upward in logs, then downward in shares: what a clique adds to its separator is its own law given that, so one
        exponential a cell is enough.
        """
        upward = [np.array(p) for p in potentials]
        sums: list[Table] = [np.zeros(())] * len(upward)
        log_z = 0.0
        for i in range(len(upward) - 1, -1, -1):
            table, axes = upward[i], self._summed[i]
            most = table.max(axis=axes, keepdims=True)
            np.subtract(table, most, out=table)
            np.exp(table, out=table)
            sums[i] = table.sum(axis=axes, keepdims=True)
            message = (np.log(sums[i]) + most).squeeze(axis=axes)
            if i:
                parent = self.parents[i]
                upward[parent] += spread(message, self.separators[i], self.cliques[parent])
            else:
                log_z = float(message)
        for i, table in enumerate(upward):
            parent = self.parents[i]
            whole = np.ones(()) if i == 0 else project(upward[parent], self.cliques[parent], self.separators[i])
            table *= whole.reshape(sums[i].shape) / sums[i]
        return upward, log_z

    def law(self, potentials: Sequence[Table]) -> Law:
        """The law that these potentials make."""
        return Law(self, tuple(self.marginals(potentials)[0]))

    def between(self, clique: Clique) -> list[int]:
        """Places of the cliques on the ways between these fields, ascending: the first is the top one."""
        kept = set(range(len(self.cliques)))
        while True:
            parents = {self.parents[i] for i in kept}
            leaves = [i for i in kept if i not in parents and self.parents[i] in kept]
            idle = [i for i in leaves if not (set(clique) & set(self.cliques[i])) - set(self.separators[i])]
            tops = [i for i in kept if self.parents[i] not in kept]
            if len(tops) == 1 and len(kept) > 1:
                # The top is idle too if it has one child which holds all its fields that are asked for.
                children = [i for i in kept if self.parents[i] == tops[0]]
                rest = (set(clique) & set(self.cliques[tops[0]])) - set(self.separators[children[0]])
                idle += tops if len(children) == 1 and not rest else []
            if not idle:
                return sorted(kept)
            kept -= set(idle)


@dataclass(frozen=True)
class Law:
    """Shares of the cells of every clique of a tree.

    Args:
        shares: a table for each clique, as `JunctionTree.marginals` gives them.
    """

    tree: JunctionTree
    shares: tuple[Table, ...]

    @cached_property
    def _conditionals(self) -> list[Table]:
        """Each clique's law given what it shares with its parent."""
        given = []
        for share, clique, separator in zip(self.shares, self.tree.cliques, self.tree.separators, strict=True):
            below = spread(project(share, clique, separator), separator, clique)
            given.append(np.divide(share, below, out=np.zeros_like(share), where=below > 0))
        return given

    def marginal(self, clique: Clique) -> Table:
        """The table of any group of fields, whether inside a clique or across several."""
        tree = self.tree
        homes = [i for i, c in enumerate(tree.cliques) if set(clique) <= set(c)]
        if homes:
            home = min(homes, key=lambda i: self.shares[i].size)
            return project(self.shares[home], tree.cliques[home], clique)
        # A product of conditionals along the part of the tree that holds the fields, summed out from its leaves up.
        way = tree.between(clique)
        below: dict[int, list[tuple[Table, Clique]]] = {i: [] for i in way}
        for i in reversed(way[1:]):
            message = self._summed(self._conditionals[i], i, below[i], {*clique, *tree.separators[i]})
            below[tree.parents[i]].append(message)
        return self._summed(self.shares[way[0]], way[0], below[way[0]], set(clique))[0]

    def _summed(
        self, table: Table, i: int, messages: list[tuple[Table, Clique]], kept: set[int]
    ) -> tuple[Table, Clique]:
        """A clique's table times what came from below, over the fields still wanted, ascending."""
        fields = self.tree.cliques[i]
        for at, (message, of) in enumerate(messages):
            wanted = kept.union(*(later for _, later in messages[at + 1 :]))
            over = tuple(sorted(wanted & {*fields, *of}))
            table = _product(table, fields, message, of, over)
            fields = over
        over = tuple(j for j in fields if j in kept)
        return project(table, fields, over), over


def _product(a: Table, of_a: Clique, b: Table, of_b: Clique, onto: Clique) -> Table:
    """Two tables multiplied, over some of their fields."""
    axis = {j: at for at, j in enumerate({*of_a, *of_b})}  # einsum knows 52 axes, a table may have more fields
    axes_a, axes_b, axes = ([axis[j] for j in fields] for fields in (of_a, of_b, onto))
    operands: tuple[Any, ...] = (a, axes_a, b, axes_b, axes)
    return np.asarray(np.einsum(*operands, optimize=["einsum_path", (0, 1)]))


def _triangulated(cliques: Iterable[Clique], sizes: Sequence[int]) -> list[Clique]:
    """Maximal cliques after eliminating the fields one by one, the cheapest next (least table)."""
    neighbours: dict[int, set[int]] = {j: set() for j in range(len(sizes))}
    for clique in cliques:
        for a, b in combinations(clique, 2):
            neighbours[a].add(b)
            neighbours[b].add(a)
    found: list[Clique] = []
    cost = {j: sizes[j] * prod(sizes[k] for k in near) for j, near in neighbours.items()}
    while cost:
        j = min(cost, key=lambda k: (cost[k], k))
        near = neighbours.pop(j)
        members = {j} | near
        if not any(members <= set(other) for other in found):
            found.append(tuple(sorted(members)))
        del cost[j]
        for k in near:
            neighbours[k] = (neighbours[k] | near) - {j, k}
            cost[k] = sizes[k] * prod(sizes[m] for m in neighbours[k])
    return found


def spread(table: Table, of: Clique, over: Clique) -> Table:
    """The table with an axis of length one for each field of `over` that is not in `of`."""
    return table.reshape([table.shape[of.index(j)] if j in of else 1 for j in over])


def project(table: Table, of: Clique, onto: Clique) -> Table:
    """The table summed over all fields but `onto`, ascending."""
    return np.asarray(table.sum(axis=tuple(i for i, j in enumerate(of) if j not in onto)))


@dataclass(frozen=True)
class _Targets:
    """What the marginals should come near to, the greatest tables first, so that each is summed from a small one.

    Args:
        tree: the tree whose marginals are compared.
        cliques: those of the tree, then those measured.
        sources: for each measured one the place, among `cliques`, of the least table that holds it.
        shares: the measured tables as shares of the rows.
        weights: how sure each of them is, the surest 1.
    """

    tree: JunctionTree
    cliques: tuple[Clique, ...]
    sources: tuple[int, ...]
    shares: tuple[Table, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, tree: JunctionTree, measured: Sequence[Measurement], total: float) -> _Targets:
        def cells(clique: Clique) -> int:
            return prod(tree.sizes[j] for j in clique)

        joined = sorted(_joined(measured), key=lambda m: -len(m.clique))
        cliques, sources = list(tree.cliques), []
        for m in joined:
            holding = [i for i, c in enumerate(cliques) if set(m.clique) <= set(c)]
            sources.append(min(holding, key=lambda i: cells(cliques[i])))
            cliques.append(m.clique)
        # In shares, so that the step of the fit is of the same size whatever the number of rows.
        surest = min((m.scale for m in joined), default=1.0)
        return cls(
            tree, tuple(cliques), tuple(sources), tuple(m.table / total for m in joined),
            tuple((surest / m.scale) ** 2 for m in joined),
        )  # fmt: skip

    def loss(self, marginals: Sequence[Table]) -> tuple[float, list[Table]]:
        """Half the weighted squares of what is missed, and its gradient by the marginals of the tree."""
        n, tables, loss = len(marginals), list(marginals), 0.0
        gradient = [*self.tree.zeros(), *(np.zeros(()) for _ in self.shares)]
        for at, (source, share, weight) in enumerate(zip(self.sources, self.shares, self.weights, strict=True), n):
            tables.append(project(tables[source], self.cliques[source], self.cliques[at]))
            gap = tables[at] - share
            loss += 0.5 * weight * float(np.vdot(gap, gap))
            gradient[at] = weight * gap
        for at in range(len(tables) - 1, n - 1, -1):
            source = self.sources[at - n]
            gradient[source] += spread(gradient[at], self.cliques[at], self.cliques[source])
        return loss, gradient[:n]


def _joined(measured: Iterable[Measurement]) -> list[Measurement]:
    """Each clique once: the mean of its tables, weighted by how sure they are, is all that a fit can use of them."""
    found: dict[Clique, Measurement] = {}
    for m in measured:
        if m.clique in found:
            a, b = found[m.clique].scale ** -2, m.scale**-2
            table = (a * found[m.clique].table + b * m.table) / (a + b)
            m = Measurement(m.clique, table, (a + b) ** -0.5)
        found[m.clique] = m
    return list(found.values())


def fit_potentials(
    tree: JunctionTree, measured: Sequence[Measurement], total: float, *, iterations: int, start: Sequence[Table] = ()
) -> list[Table]:
    """Potentials whose marginals come nearest to the noisy tables: least squares, each weighted by its noise.

    Mirror descent with a line search on the step (McKenna, Sheldon and Miklau 2019, algorithm 2).

    Args:
        total: rows that the tables count, as best known.
        start: potentials to begin from; none begins at the uniform law.
    """
    targets = _Targets.of(tree, measured, total)
    potentials = [p.copy() for p in start] or tree.zeros()
    step = 1.0
    loss, gradient = targets.loss(tree.marginals(potentials)[0])
    for _ in range(iterations):
        for _ in range(25):
            tried = [p - step * g for p, g in zip(potentials, gradient, strict=True)]
            marginals = tree.marginals(tried)[0]
            new_loss, new_gradient = targets.loss(marginals)
            if new_loss <= loss:
                break
            step *= 0.5
        else:
            break
        potentials, gradient = tried, new_gradient
        if loss - new_loss <= 1e-12 * max(loss, 1e-30) and step < 1e-8:
            break
        loss, step = new_loss, step * 1.5
    return potentials


@dataclass(frozen=True)
class Chain:
    """A fitted tree as tables to draw from: fields in an order, each given some of those before it.

    Args:
        order: the fields.
        given: for each field in that order the fields its table needs.
        tables: for each the law of its code, last axis, given those fields' codes.
    """

    order: tuple[int, ...]
    given: tuple[Clique, ...]
    tables: tuple[Table, ...]

    @classmethod
    def of(cls, tree: JunctionTree, potentials: Sequence[Table]) -> Chain:
        order: list[int] = []
        given, tables = [], []
        for clique, share in zip(tree.cliques, tree.law(potentials).shares, strict=True):
            known = [j for j in clique if j in order]
            for j in (j for j in clique if j not in order):
                base = tuple(sorted(known))
                table = project(share, clique, tuple(sorted([*known, j])))
                table = np.moveaxis(table, sorted([*known, j]).index(j), -1)
                whole = table.sum(-1, keepdims=True)
                table = np.where(whole > 0, table / np.where(whole > 0, whole, 1), 1 / table.shape[-1])
                order.append(j)
                known.append(j)
                given.append(base)
                tables.append(table)
        return cls(tuple(order), tuple(given), tuple(tables))

    def log_prob(self, codes: npt.NDArray[np.integer]) -> Table:
        """(n,) log-probability of rows of codes (n, D)."""
        total = np.zeros(len(codes))
        for j, base, table in zip(self.order, self.given, self.tables, strict=True):
            with np.errstate(divide="ignore"):
                total += np.log(table[(*(codes[:, k] for k in base), codes[:, j])])
        return total

    def draw(
        self,
        known: npt.NDArray[np.int64],
        allowed: Mapping[int, Allowed[Table]],
        rng: np.random.Generator,
    ) -> tuple[npt.NDArray[np.int64], Table]:
        """Rows, field by field.

        Rows alike so far share out the codes of the next field evenly: each comes as often as its law says, up to a
        row or so, where rows drawn one by one would scatter by the root of that. Each row for itself follows the law.

        Args:
            known: (n, D) codes, -1 where to be drawn.
            allowed: field -> what may be drawn.

        Returns:
            (n, D) codes, and (n,) the log of what the known codes and the conditions left of the probability.
        """
        codes, log_mass = known.copy(), np.zeros(len(known))
        for j, base, table in zip(self.order, self.given, self.tables, strict=True):
            limit = allowed.get(j, Allowed(np.ones(table.shape[-1]), np.ones(table.shape[-1]), False))
            law, free = table * limit.weights, (table * limit.free).sum(-1)
            mass = law.sum(-1)
            with np.errstate(divide="ignore", invalid="ignore"):
                upto = np.cumsum(np.where(mass[..., None] > 0, law / mass[..., None], limit.weights), axis=-1)
                log_left = np.where(free > 0, np.log(mass) - np.log(free), -np.inf)
                log_law = np.log(table) - np.where(limit.free > 0, np.log(free)[..., None], 0.0)
            upto /= upto[..., -1:]
            at = tuple(codes[:, k] for k in base)
            told = codes[:, j] >= 0
            row = np.zeros(len(codes), np.int64)
            for k, index in enumerate(at):
                row = row * upto.shape[k] + index
            drawn = _find(upto, row, evenly(row, rng))
            codes[:, j] = np.where(told, codes[:, j], drawn)
            log_mass += np.where(told, log_law[(*at, codes[:, j])], log_left[at] if limit.counts else 0.0)
        return codes, log_mass


def evenly(cells: npt.NDArray[np.int64], rng: np.random.Generator) -> Table:
    """(n,) uniforms in [0, 1), spread evenly over the rows of each cell: of its r rows one in each r-th part."""
    order = np.lexsort((rng.random(len(cells)), cells))
    _, opens, counts = np.unique(cells[order], return_index=True, return_counts=True)
    place = np.arange(len(cells)) - np.repeat(opens, counts)
    found = np.empty(len(cells))
    found[order] = (place + rng.random(len(cells))) / np.repeat(counts, counts)
    return np.minimum(found, np.nextafter(1.0, 0.0))


def _find(upto: Table, row: npt.NDArray[np.int64], uniforms: Table) -> npt.NDArray[np.int64]:
    """The first code whose upper end lies above the uniform, in the given row of the table."""
    size = upto.shape[-1]
    flat = upto.reshape(-1, size)
    # One search over all rows of the table: the ends of row r lie in (r, r + 1].
    keys = (flat + np.arange(len(flat))[:, None]).ravel()
    found = np.searchsorted(keys, row + uniforms, side="right") - row * size
    inside: npt.NDArray[np.int64] = np.clip(found, 0, size - 1)
    return inside
