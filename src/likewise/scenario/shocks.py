"""A shock: the noise that moves one series by what is asked, and what the other series do in that step.

Legend: n steps seen, p paths, d series.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from likewise.errors import ConditionError
from likewise.scenario.dependence import LEAST_ROWS, ConditionalExtremes
from likewise.scenario.margins import Margin
from likewise.scenario.series import SeriesCodec, Start
from likewise.scenario.tails import Tail

Floats = npt.NDArray[np.float64]

NEIGHBOURS = 100
"""Steps most like a shock that lend the noise of the other series, where the shock lies within what was seen."""

MOSTLY = 0.95
"""A shock is extreme where so many of the paths put it beyond the threshold: in calm ones its noise is larger."""


def noise_of_shock(codec: SeriesCodec, asked: float, z: Floats, start: Start) -> Floats:
    """(p,) the noise at the last of the steps that makes the series move by what is asked.

    Args:
        asked: -0.2 is a fall of a fifth for log-returns, a change by -0.2 else.
        z: (p, steps up to the shock) the noise before it; the last is not looked at.

    Raises:
        ConditionError: a price is to fall by all of itself.
    """
    if codec.transform == "returns" and asked <= -1:
        raise ConditionError(f"series {codec.name!r}: a price cannot fall by all of itself or more")
    quiet = np.concatenate([z[:, :-1], np.zeros((len(z), 1))], 1)
    values, y = codec.decode(quiet, start, codec.drawn)
    if codec.transform == "levels":
        before = start.last if z.shape[1] == 1 else values[:, -2]
        wanted = before + asked
    else:
        wanted = np.full(len(z), np.log1p(asked) if codec.transform == "returns" else asked)
    variance = start.variance
    for t in range(z.shape[1] - 1):
        variance = codec.drawn.step(variance, np.sqrt(variance) * z[:, t])
    scale = codec.scale_at(np.array([start.step + z.shape[1] - 1]))[0]
    found: Floats = (wanted - y[:, -1]) / (scale * np.sqrt(variance))
    return found


def go_along(
    codecs: Sequence[SeriesCodec], seen: Floats, shocked: list[int], z: Floats, rng: np.random.Generator
) -> Floats:
    """(p, d) noise of one step in which the other series go along with those shocked.

    By the law of conditional extremes where one series is shocked beyond its threshold, else as in the steps most like
    the shock.

    Args:
        seen: (n, d) noise of the past.
        z: (p, d) noise of the step, that of the shocked series as it is to be.
    """
    others = [j for j in range(len(codecs)) if j not in shocked]
    out = z.copy()
    if not others:
        return out
    lead = codecs[shocked[0]].margin
    tail = _tail_hit(lead, z[:, shocked[0]])
    if len(shocked) == 1 and tail is not None and len(tail.excesses) >= LEAST_ROWS:
        margins = [codecs[j].margin for j in others]
        law = ConditionalExtremes.fit(lead, seen[:, shocked[0]], margins, seen[:, others], upper=tail.upper)
        out[:, others] = law.draw(z[:, shocked[0]], rng)
        return out
    typical = np.median(z[:, shocked], 0)
    near = np.argsort(np.linalg.norm(seen[:, shocked] - typical, axis=1))[:NEIGHBOURS]
    out[:, others] = seen[rng.choice(near, len(z))][:, others]
    return out


def _tail_hit(margin: Margin, z: Floats) -> Tail | None:
    """The tail in which nearly all of the shocks lie."""
    for tail, beyond in ((margin.lower, np.less), (margin.upper, np.greater)):
        if tail is not None and beyond(z, tail.threshold).mean() > MOSTLY:
            return tail
    return None
