"""Training from a file of codes by several workers at once, each of which reads its rows where they stand."""

from __future__ import annotations

import json
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.dp.gate import Exact
from likewise.engines.base import Engine, Rank
from likewise.errors import LikewiseWarning, OptionError
from likewise.models import MODELS
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit, Generator
from likewise.synthesizer.scans.codefile import CodeFile
from likewise.synthesizer.scans.coding import HELD, TRAINED
from likewise.training.gang import Gang, met, ranks_for
from likewise.training.loop import Enough, Event, Progress, Record
from likewise.typing import Ints

GLANCE = 0.05
"""Seconds between two looks at what the first worker tells."""

Learnt = tuple[dict[str, npt.NDArray[Any]], Record, list[str]]
"""Arrays of the state, what training did, and what it warned of."""


@dataclass(frozen=True)
class Job:
    """What a worker learns, and from what.

    Args:
        counts: as `Exact` takes them.
        rng: of the training; each worker has its own copy.
        folder: where the first worker tells how it goes, and looks whether it is enough.
    """

    model: str
    options: dict[str, Any]
    alphabet: Alphabet
    file: CodeFile
    counts: list[Ints] | None
    rng: np.random.Generator
    folder: Path

    @property
    def told(self) -> Path:
        return self.folder / "progress.json"

    @property
    def enough(self) -> Path:
        return self.folder / "enough"

    def learnt(self, gang: Gang, progress: Progress | None) -> Generator:
        """A generator that has learnt."""
        gate, held = rows_of(self.file, self.alphabet, self.counts)
        fit = Fit(gate=gate, holdout=held, alphabet=self.alphabet, rng=self.rng, gang=gang, progress=progress)
        return MODELS[self.model](**self.options).fit(fit)


def rows_of(file: CodeFile, alphabet: Alphabet, counts: list[Ints] | None) -> tuple[Exact, Codes]:
    """The gate to the rows of a file, and the held-out ones. No generator looks at fractions when it learns."""
    trained, held = (
        Codes(file.rows(name), np.zeros((len(file.rows(name)), 0), np.float32)) for name in (TRAINED, HELD)
    )
    return Exact(trained, alphabet.sizes, counts), held


def check_together(generator: Generator) -> None:
    """Hold a generator to what several workers can learn.

    Raises:
        OptionError: it does not learn by gradients, or asks for what hangs on one machine.
    """
    if not isinstance(generator, Autoregressive):
        raise OptionError(
            f"data_parallel is of models that learn by gradients ({Autoregressive.name!r}), not of {generator.name!r}"
        )
    if generator.max_seconds is not None:
        raise OptionError("max_seconds does not go with data_parallel: clocks of workers differ; give epochs")
    if generator.device == "cuda":
        raise OptionError("data_parallel trains on processors: leave device out, or data_parallel")


def train_together(engine: Engine, generator: Generator, job: Job, progress: Progress | None) -> None:
    """Let workers learn together what this generator shall know.

    Raises:
        EngineError: workers died again and again.
    """
    job = replace(job, options=_kept(generator, job.folder))
    size = ranks_for(engine.workers)
    found = _told(job, Rank(0, 1, ""), progress) if size == 1 else _followed(engine, size, job, progress)
    assert found is not None
    state, generator.record, words = found
    generator.load_state(state, job.alphabet)
    generator._alphabet = job.alphabet
    for word in words:
        warnings.warn(word, LikewiseWarning, stacklevel=2)


def _kept(generator: Generator, folder: Path) -> dict[str, Any]:
    """The options, with a checkpoint whoever asks for one: a gang that loses a worker goes on from there."""
    options = generator.options() | {"device": "cpu"}
    return options | {"checkpoint": options["checkpoint"] or str(folder / "training.checkpoint")}


def train_rank(rank: Rank, job: Job) -> Learnt | None:
    """What a worker does; the first gives what was learnt."""
    return _told(job, rank, _telling(job))


def _told(job: Job, rank: Rank, progress: Progress | None) -> Learnt | None:
    with met(rank) as gang, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = job.learnt(gang, progress if gang.leads else None)
        words = [str(one.message) for one in caught if issubclass(one.category, LikewiseWarning)]
        return (made.state(), made.record, words) if gang.leads else None


# ---- how it goes -----------------------------------------------------------------------------------------------------


def _telling(job: Job) -> Progress:
    """Leaves each event in a file, and ends the training where somebody has had enough."""

    def tell(event: Event) -> None:
        new = job.told.with_suffix(".new")
        # Another process has no way to the weights.
        new.write_text(json.dumps(asdict(replace(event, notes=dict(event.notes), at_best=None, rows=None))))
        new.replace(job.told)
        if job.enough.exists():
            raise Enough

    return tell


def _followed(engine: Engine, size: int, job: Job, progress: Progress | None) -> Learnt:
    """Wait for workers; events are told in this thread, and Ctrl-C ends them."""
    seen = ""
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(engine.run, train_rank, size, job)
        try:
            while True:
                ended = asked.done()
                now = job.told.read_text() if progress is not None and job.told.exists() else ""
                if progress is not None and now != seen and not job.enough.exists():
                    seen = now
                    _pass_on(progress, now, job)
                if ended:
                    break
                time.sleep(GLANCE)
        except BaseException:
            job.enough.touch()  # for workers of a cluster, which closing does not end
            engine.close()
            raise
        found: Learnt | None = asked.result()[0]
    assert found is not None
    return found


def _pass_on(progress: Progress, text: str, job: Job) -> None:
    try:
        progress(Event(**json.loads(text)))
    except Enough:
        job.enough.touch()
