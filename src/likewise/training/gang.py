"""Training by several workers at once, whose weights do not hang on how many there are.

A batch is dealt out to eight parts, whatever the workers. Each part has random streams of its own, and gives a sum of
gradients; these are added in pairs, pairs of pairs, and all. A worker takes parts that follow one another, adds them
up, and sends one sum for each doubling of the workers; every worker then takes the same step by itself. Rows are read
where they stand and never sent.

Legend: B rows of a batch, P weights of the net.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from likewise.engines.base import Rank, fold
from likewise.errors import TrainingError
from likewise.training.loop import Item, Schedule

if TYPE_CHECKING:
    import torch

    from likewise.nets.dropout import DropoutPool
    from likewise.nets.tables import CodeTables

PARTS = 8
"""Of a batch: workers are as many, or a half, a quarter or an eighth of it."""

ROWS_OF_PART = 512
"""Rows of a part, at most, where the caller leaves it open. On a table of 20 columns a processor learns from 4,800 rows
a second 64 at a time, 8,600 with 256 and 9,700 with 512; no more beyond."""

STEPS = 2_000
"""Steps that a training shall have at least before its batches grow."""


def ranks_for(workers: int) -> int:
    """How many of so many workers train: a power of two.

    Example:
        >>> [ranks_for(n) for n in (1, 2, 3, 7, 8, 100)]
        [1, 2, 2, 4, 8, 8]
    """
    return 1 << min(max(workers, 1), PARTS).bit_length() - 1


@contextmanager
def met(rank: Rank) -> Iterator[Gang]:
    """The gang, once all its workers have found each other."""
    from torch import distributed

    if rank.size > 1:
        distributed.init_process_group("gloo", init_method=rank.address, rank=rank.index, world_size=rank.size)
    try:
        yield Gang(rank)
    finally:
        if rank.size > 1:
            distributed.destroy_process_group()


class Gang:
    """One of the workers of a training, and the way to the others.

    Args:
        rank: which it is; see `met`.
    """

    stream: torch.Generator
    """Of the part that is being learnt."""

    def __init__(self, rank: Rank) -> None:
        self.rank = rank
        self._pools: dict[int, tuple[torch.Generator, DropoutPool]] = {}

    @property
    def leads(self) -> bool:
        """Whether this is the worker that tells, keeps checkpoints and ends the model."""
        return self.rank.index == 0

    @property
    def own(self) -> range:
        """The parts of a batch that are this worker's."""
        share = PARTS // self.rank.size
        return range(self.rank.index * share, (self.rank.index + 1) * share)

    def schedule(self, planned: Schedule, n_rows: int, *, is_open: bool) -> Schedule:
        """Larger batches where there are rows enough, so that a part is worth a worker's while.

        Args:
            is_open: whether the caller leaves the size of a batch open.
        """
        most = n_rows * planned.epochs / STEPS
        if not is_open or most < 2 * planned.batch_size:
            return planned
        size = min(1 << int(most).bit_length() - 1, PARTS * max(ROWS_OF_PART, planned.batch_size // PARTS))
        faster = math.sqrt(size / planned.batch_size)
        return replace(planned, batch_size=size, learning_rate=planned.learning_rate * faster)

    def begin(self, net: CodeTables, generator: torch.Generator) -> None:
        """Give the own parts streams for an epoch, by a number that all workers draw."""
        import torch

        seed = int(torch.randint(2**62, (1,), generator=generator))
        for part in self.own:
            address = np.random.SeedSequence(seed, spawn_key=(part,)).generate_state(1, np.uint64)
            stream, pool = torch.Generator().manual_seed(int(address[0]) >> 1), type(net.drop)(net.drop.rate, net.dtype)
            pool.refill(stream)
            self._pools[part] = stream, pool

    def descend(
        self, net: CodeTables, rows: torch.Tensor, learn: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """The mean loss of a batch (B,), whose gradient is left in the parameters.

        Args:
            learn: rows of a part to their mean loss, whose gradient it leaves in the parameters.
        """
        import torch

        parameters, parts = list(net.parameters()), torch.tensor_split(rows, PARTS)

        def sum_of(part: int) -> torch.Tensor:
            """(P + 1,) gradients, and the loss, by the share of the part in the batch."""
            if not len(parts[part]):
                return torch.zeros(sum(p.numel() for p in parameters) + 1)
            self.stream, net.drop = self._pools[part]
            loss = learn(parts[part])
            flat = torch.cat([*(p.grad.flatten() for p in parameters if p.grad is not None), loss.view(1)])
            for p in parameters:
                p.grad = None
            return flat.mul_(len(parts[part]) / len(rows))

        own = fold(map(sum_of, self.own), lambda pair: pair[0].add_(pair[1]), arity=2)
        assert own is not None
        whole = self.added(own)
        for p, part in zip(parameters, torch.split(whole[:-1], [p.numel() for p in parameters]), strict=True):
            p.grad = part.view_as(p)
        return whole[-1]

    def added(self, own: torch.Tensor) -> torch.Tensor:
        """The sum of what all workers have, added over the tree of which their parts are the leaves.

        Each swaps with its neighbour, then with one of the next pair, and so on: a + b is b + a to the last bit.
        """
        step = 1
        while step < self.rank.size:
            own, step = own + self._swapped(own, self.rank.index ^ step), 2 * step
        return own

    def _swapped(self, own: torch.Tensor, mate: int) -> torch.Tensor:
        """What another worker has, which is given what this one has."""
        import torch
        from torch import distributed

        other = torch.empty_like(own)
        sent = distributed.isend(own, mate)
        distributed.recv(other, mate)
        assert sent is not None
        sent.wait()
        return other

    def spread(self, work: Callable[[Item], torch.Tensor], items: Iterable[Item]) -> list[torch.Tensor]:
        """`work` of each item, a number each, in order; workers take turns."""
        import torch

        items = list(items)
        found = torch.zeros(len(items))
        for i in range(self.rank.index, len(items), self.rank.size):
            found[i] = work(items[i])
        return list(self.added(found))  # others have added 0 to each

    def any(self, said: bool) -> bool:
        """Whether one of the workers says so."""
        import torch

        return bool(self.added(torch.tensor([float(said)]))[0])

    def check_alike(self, epochs: int) -> None:
        """Hold the workers to having taken up the same checkpoint.

        Raises:
            TrainingError: they have not.
        """
        import torch

        if float(self.added(torch.tensor([float(epochs)]))[0]) != self.rank.size * epochs:
            raise TrainingError("the checkpoint must lie where all workers reach it: some have found another, or none")
