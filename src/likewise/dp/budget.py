"""The odometer: one file a data set, in which every fit is an entry before it looks at a row.

Fits of one table add up. The file lists all of them, failed and broken off ones too, and refuses what would go beyond
the total. It is named by whoever keeps the data, never by the data; reading it runs no code.

An entry that has begun counts with all it may spend; one that has ended, with what its ledger lists. So a process that
is killed leaves the larger of the two. The costs of models that only count add up exactly, whatever was learnt from
earlier ones before the next was asked for (`likewise.dp.accounting`). Steps of training are composed by their loss
distributions, which holds for budgets that were settled without looking at earlier results; where dp-accounting is
absent, epsilons and deltas are added.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl

from likewise.dp.accounting import OF_THE_SAMPLER, Steps, boundary, epsilon_of, epsilon_of_steps
from likewise.dp.ledger import DP, SLACK, Entry, Ledger
from likewise.errors import LikewiseWarning, MissingExtraError, ModelFileError, OptionError, OutputError, PrivacyError
from likewise.tables.files import atomic_path

FORMAT, VERSION = "likewise budget", 2
STATUSES = ("begun", "done", "failed")
Status = Literal["begun", "done", "failed"]

End = Callable[[Sequence[Entry]], None]
"""Takes the entries of a fit's ledger."""

LOOK_AGAIN = 0.02
"""Seconds after which a file that another process holds is tried again."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One fit, as the file lists it.

    Args:
        id: tells it from the others.
        time: when it began, UTC, ISO 8601.
        model: name of the generator.
        epsilon, delta: what it may spend, at most.
        counts_only: its claim is a Gaussian curve, as of all models that ask for nothing but counts and choices.
        status: "begun", "done" or "failed"; one that was killed stays "begun".
        queries: what it asked, as its ledger lists it; none before it ended.
        whole: whether these tell what entities can do, and not single rows of theirs; see `Ledger`.
    """

    id: str
    time: str
    model: str
    epsilon: float
    delta: float
    counts_only: bool
    status: Status
    queries: tuple[Entry, ...] = ()
    whole: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        queries = tuple(map(Entry.from_dict, data["queries"]))
        made = cls(**{**data, "queries": queries})
        DP(made.epsilon, made.delta)
        words = (made.id, made.time, made.model)
        is_sound = made.status in STATUSES and isinstance(made.counts_only, bool) and isinstance(made.whole, bool)
        if not is_sound or not all(isinstance(word, str) for word in words):
            raise ValueError("an entry holds what it cannot")
        return made


class Budget:
    """What all fits of one data set may spend together, kept in a file.

    Args:
        path: a .json file; or a folder, in which the file is `name`.json.
        name: of the data set, given by whoever keeps it; None takes the file's.
        total: epsilon, delta and the unit (entity or root, and max_rows) of all fits together; None takes the file's.
        wait: seconds to wait for another process that writes to the file.

    The file is written when the first fit begins, or by `create`.

    Raises:
        OptionError: the file has another name or total, or there is none and no total was given.
        ModelFileError: the file is damaged.

    Example:
        >>> import tempfile, likewise as lw
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     budget = lw.Budget(folder, name="patients", total=lw.DP(3.0, 1e-6))
        ...     with budget.recorded(lw.DP(1.0, 1e-6), "mst", counts_only=True) as end:
        ...         end(())  # nothing was asked
        ...     budget.spent, [release.status for release in budget.entries]
        (0.0, ['done'])
    """

    def __init__(
        self, path: str | os.PathLike[str], *, name: str | None = None, total: DP | None = None, wait: float = 10.0
    ) -> None:
        if not isinstance(total, DP | None):
            raise OptionError(f"total must be a likewise.DP or None, got {type(total).__name__}")
        if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait < math.inf:
            raise OptionError(f"wait must be a number of seconds of 0 or more, got {wait!r}")
        if not isinstance(name, str | None):
            raise OptionError(f"name must be a text or None, got {type(name).__name__}")
        folder = Path(path)
        if folder.is_dir() or folder.suffix != ".json":
            if name is None:
                raise OptionError(f"{str(path)!r} is a folder of budgets: name the data set, or give a .json file")
            if not name.strip(". ") or set(name) & set("/\\\0"):
                raise OptionError(f"the name of a data set is that of its file in {str(path)!r} too, got {name!r}")
            folder = folder / f"{name}.json"
        self.path, self.wait, self._name, self._total = folder, float(wait), name, total
        self._read()

    @property
    def name(self) -> str:
        """The data set's."""
        return self._read()[0]

    @property
    def total(self) -> DP:
        """What all fits may spend together."""
        return self._read()[1]

    @property
    def entries(self) -> tuple[Release, ...]:
        """Every fit, the first one first."""
        return self._read()[2]

    @property
    def spent(self) -> float:
        """Epsilon of all fits together, at the total's delta."""
        _, total, entries = self._read()
        return _epsilon(entries, total)

    @property
    def left(self) -> float:
        """The greatest epsilon, at the total's delta, that one more model of counts ("mst", "aim") may ask for."""
        _, total, entries = self._read()

        def fits(epsilon: float) -> bool:
            return _fits([*entries, _release(DP(epsilon, total.delta), "", counts_only=True)], total)

        least = 1e-3
        return boundary(fits, least, total.epsilon, precision=1e-3)[0] if fits(least) else 0.0

    def table(self) -> pl.DataFrame:
        """A row for each fit: time, model, epsilon and delta it may spend, status, and how many queries it made."""
        columns = ("time", "model", "epsilon", "delta", "status")
        rows = [[getattr(entry, c) for c in columns] + [len(entry.queries)] for entry in self.entries]
        types = [pl.String, pl.String, pl.Float64, pl.Float64, pl.String, pl.Int64]
        return pl.DataFrame(rows, dict(zip((*columns, "queries"), types, strict=True)), orient="row")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data: what the file holds, and what it comes to."""
        name, total, entries = self._read()
        return _file(name, total, entries) | {"spent": _epsilon(entries, total), "left": self.left}

    def __repr__(self) -> str:
        _, total, entries = self._read()
        return (
            f"<Budget {str(self.path)!r}: epsilon {self.spent:.3g} of {total.epsilon:g} spent in {len(entries)} fits>"
        )

    def create(self) -> Self:
        """Write the file, if there is none yet."""
        with self._open() as (_, total, entries):
            self._write(total, entries)
        return self

    @contextmanager
    def recorded(self, privacy: DP, model: str, *, counts_only: bool = False, whole: bool = False) -> Iterator[End]:
        """One fit: an entry is on the disk before the block runs, and is ended by it.

        Args:
            privacy: what the fit may spend.
            model: name of its generator.
            counts_only: nothing but counts and choices will be asked.
            whole: its ledger counts whole entities.

        Yields:
            A function that takes the entries of the fit's ledger, to be called as soon as there are any to tell: what
            it was last called with is what a block that fails is charged for.

        Raises:
            PrivacyError: its unit is not the budget's, it would go beyond the total, or another process holds the file.
            OutputError: the file cannot be written. Nothing was asked of the rows in either case.
        """
        release = self._begin(privacy, model, counts_only=counts_only, whole=whole)
        queries: list[Entry] = []

        def end(entries: Sequence[Entry]) -> None:
            queries[:] = entries

        try:
            yield end
        except BaseException:
            with suppress(Exception):  # it stays "begun", which counts for more
                self._end(release, "failed", queries)
            raise
        try:
            self._end(release, "done", queries)
        except (OSError, ValueError) as error:
            warnings.warn(
                f"{self._words()} could not be told that the fit ended, so its entry counts in full: {error}",
                LikewiseWarning,
                stacklevel=3,
            )

    def _begin(self, privacy: DP, model: str, *, counts_only: bool, whole: bool) -> Release:
        release = _release(privacy, model, counts_only=counts_only, whole=whole)
        with self._open() as (_, total, entries):
            if any(getattr(privacy, part) != getattr(total, part) for part in ("entity", "root", "max_rows")):
                raise PrivacyError(
                    f"{self._words()} protects each {total.unit}, and this fit would protect each {privacy.unit}: "
                    "the two do not add up. Fit with the budget's unit, or keep a budget of its own for the other"
                )
            if not _fits([*entries, release], total):
                raise PrivacyError(
                    f"{self._words()} does not hold this fit: it asks for epsilon {privacy.epsilon:g} at delta "
                    f"{privacy.delta:g}; of epsilon {total.epsilon:g} at delta {total.delta:g} in all, "
                    f"{_epsilon(entries, total):.3g} is spent in {len(entries)} fits, and about {self.left:.3g} is "
                    "left for one more model of counts, less for a net. Nothing was asked of the rows"
                )
            self._write(total, (*entries, release))
        return release

    def _end(self, release: Release, status: Status, queries: Sequence[Entry]) -> None:
        with self._open() as (_, total, entries):
            ended = {entry.id: entry for entry in (*entries, release)}  # also where somebody took the file away
            ended[release.id] = replace(release, status=status, queries=tuple(queries))
            self._write(total, list(ended.values()))

    # ---- the file ----------------------------------------------------------------------------------------------------

    def _words(self) -> str:
        return f"the budget {str(self.path)!r}"

    def _read(self) -> tuple[str, DP, tuple[Release, ...]]:
        """Name, total and entries."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if self._total is None:
                raise OptionError(
                    f"there is no budget {str(self.path)!r}, and no total to begin one with: give total=DP(...), or "
                    f"run likewise budget {self.path} --epsilon E"
                ) from None
            return self._name or self.path.stem, self._total, ()
        except (OSError, ValueError, RecursionError) as error:
            raise ModelFileError(f"{self._words()} cannot be read: {type(error).__name__}. {_RESTORE}") from None
        try:
            if data["format"] != FORMAT:
                raise ModelFileError(f"{str(self.path)!r} is not a budget")
            if data["version"] > VERSION:
                raise ModelFileError(f"{self._words()} is from a newer version of likewise")
            if not isinstance(data["entries"], list) or not isinstance(data["name"], str):
                raise ValueError("of another type")
            name, total = data["name"], DP(**data["total"])
            entries = tuple(Release.from_dict(entry) for entry in data["entries"])
            if len({entry.id for entry in entries}) < len(entries):
                raise ValueError("an entry stands there twice")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise ModelFileError(f"{self._words()} is damaged. {_RESTORE}") from None
        if self._name not in (None, name):
            raise OptionError(f"{self._words()} is that of data set {name!r}, not of {self._name!r}")
        if self._total is not None and _in_words(self._total) != _in_words(total):
            raise OptionError(
                f"{self._words()} was begun with a total of {_in_words(total)}, got {_in_words(self._total)}: a "
                "total does not change once fits count on it; leave total out to go on with the file's"
            )
        return name, total, entries

    def _write(self, total: DP, entries: Sequence[Release]) -> None:
        data = _file(self._read()[0], total, entries)
        if self.path.exists() and not self.path.stat().st_mode & 0o222:
            raise OutputError(f"{self._words()} is read-only, so no fit may begin or end on it")
        with atomic_path(self.path) as beside:
            beside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @contextmanager
    def _open(self) -> Iterator[tuple[str, DP, tuple[Release, ...]]]:
        """Name, total and entries, while no other process may change them. The lock is the operating system's, so that
        it ends with its process, however that ends. It is one for all links to the file."""
        target = Path(os.path.realpath(self.path))
        beside = target.with_name(f"{target.name}.lock")
        if target.is_file() and target.stat().st_nlink > 1:
            raise OutputError(
                f"{self._words()} has a second name (a hard link), which would go on as a budget of its own; remove "
                "that name, or make it a symbolic link"
            )
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            lock = beside.open("a+b")
        except OSError as error:
            raise OutputError(
                f"{self._words()} cannot be written to: {type(error).__name__}; no fit may begin"
            ) from None
        with lock:
            ends = time.monotonic() + self.wait
            while not _is_locked(lock.fileno()):
                if time.monotonic() >= ends:
                    raise PrivacyError(
                        f"{self._words()} is held by another process for more than {self.wait:g} seconds; try again, "
                        "or wait longer (wait=). Nothing was asked of the rows"
                    )
                time.sleep(LOOK_AGAIN)
            yield self._read()


_RESTORE = "Take it from a backup: without it nobody knows what was spent"


def _file(name: str, total: DP, entries: Sequence[Release]) -> dict[str, Any]:
    kept = {"epsilon": total.epsilon, "delta": total.delta, "entity": total.entity, "max_rows": total.max_rows}
    kept |= {} if total.root is None else {"root": total.root}
    entries_ = [asdict(entry) for entry in entries]
    return {"format": FORMAT, "version": VERSION, "name": name, "total": kept, "entries": entries_}


def _in_words(total: DP) -> str:
    return f"epsilon {total.epsilon:g} at delta {total.delta:g} for each {total.unit}"


def _release(privacy: DP, model: str, *, counts_only: bool, whole: bool = False) -> Release:
    return Release(
        id=secrets.token_hex(8), time=datetime.now(UTC).isoformat(timespec="seconds"), model=model,
        epsilon=privacy.epsilon, delta=privacy.delta, counts_only=counts_only, status="begun",
        whole=whole,
    )  # fmt: skip


def _is_locked(file: int) -> bool:
    """Take the lock of an open file, if nobody has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# ---- what fits cost together -----------------------------------------------------------------------------------------


def _fits(entries: Sequence[Release], total: DP) -> bool:
    return _epsilon(entries, total) <= total.epsilon * (1 + SLACK)


def _epsilon(entries: Sequence[Release], total: DP) -> float:
    """Epsilon of all fits at the total's delta: the least of two valid sums."""
    spending = [entry for entry in entries if entry.status == "begun" or entry.queries]
    if not spending:
        return 0.0
    added = math.inf
    if math.fsum(entry.delta for entry in spending) <= total.delta * (1 + SLACK):
        added = math.fsum(entry.epsilon for entry in spending)
    return min(added, _composed(spending, total))


def _composed(entries: Sequence[Release], total: DP) -> float:
    """By curves: of what has ended, as it was spent; of what has begun, as its claim allows."""
    rho, aside = 0.0, 0.0
    runs: list[tuple[Steps, float]] = []
    claims: list[tuple[float, float]] = []
    for entry in entries:
        if entry.status != "begun":
            unit = total.max_rows if entry.whole else 1
            rho += math.fsum(query.rho for query in entry.queries) / unit**2  # as if of a row
            aside += math.fsum(query.delta for query in entry.queries)
            steps = [query for query in entry.queries if query.is_sampled]
            runs += [(Steps(query.rate, query.steps, entry.whole), query.parameter) for query in steps]
        elif entry.counts_only:
            whole = entry.whole or total.root is not None  # a database counts roots, and no rows of them
            claimed = DP(entry.epsilon, entry.delta, entity=total.entity, max_rows=total.max_rows, root=total.root)
            claim = Ledger(claimed, whole=whole)
            rho += claim.rho / (total.max_rows if whole else 1) ** 2
            aside += claim.delta_aside
        else:
            claims.append((entry.epsilon, entry.delta))
    delta = total.delta - aside
    if delta <= total.delta * SLACK:
        return math.inf
    # The curve counts the noise of one fit as drawn; of each fit more it counts once more.
    more = OF_THE_SAMPLER[0] * (len(entries) - 1)
    if not runs and not claims:
        return epsilon_of(total.max_rows**2 * rho, delta) + more
    try:
        return more + epsilon_of_steps(
            runs, delta, rho=rho, group=total.max_rows, near=total.epsilon, claims=tuple(claims)
        )
    except MissingExtraError:
        return math.inf
