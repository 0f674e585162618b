"""A shock: the noise that moves one series by what is asked, and what the other series do in that step.

Legend: n steps seen, p paths, d series.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from likewise.errors import ConditionError
from likewise.scenario.dependence import LEAST_ROWS, ConditionalExtremes
from likewise.scenario.margins import Margin
from likewise.scenario.series import SeriesCodec, Start
from likewise.scenario.tails import Tail, likely_tails
from likewise.typing import Floats

NEIGHBOURS = 100
"""Steps most like a shock that lend the noise of the other series, where the shock lies within what was seen."""

TELLABLE = 1000
"""A step that comes once in more than so many times the steps seen is told as rarer than that."""

N_LIKELY = 400
"""Tails drawn for the interval of a rarity."""

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
    the shock. Beyond the worst step seen the others grow as the shock does (regular variation; Resnick 2007, section
    6.1): there a score is an extrapolation of a few rows, which may put a shock at one in 1e100 and all others with it.

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
        asked = z[:, shocked[0]]
        worst = seen[:, shocked[0]].max() if tail.upper else seen[:, shocked[0]].min()
        further = np.maximum(asked / worst, 1.0)
        out[:, others] = law.draw(asked / further, rng) * further[:, None]
        return out
    typical = np.median(z[:, shocked], 0)
    near = np.argsort(np.linalg.norm(seen[:, shocked] - typical, axis=1))[:NEIGHBOURS]
    out[:, others] = seen[rng.choice(near, len(z))][:, others]
    return out


def _tail_hit(margin: Margin, z: Floats) -> Tail | None:
    """The tail in which nearly all of the shocks lie."""
    return next((tail for tail in margin.tails if tail.holds(z).mean() > MOSTLY), None)


# ---- how rare a shock is ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rarity:
    """How often a step of that size, or worse, comes in all times taken together.

    Args:
        size: what was asked.
        share_of_steps: the mean over the volatilities seen of what the law of the noise gives to such a step.
        low, high: the 95 % interval of that share, for the tail was fitted to few rows.
        n_steps: how many steps were seen.
        was_seen: whether one of them was like it.
    """

    size: float
    share_of_steps: float
    low: float
    high: float
    n_steps: int
    was_seen: bool

    def to_dict(self) -> dict[str, Any]:
        """With shares turned into steps from one to the next; None where that is more than can be told."""
        most = TELLABLE * self.n_steps
        once, least, greatest = (1 / max(share, 1e-300) for share in (self.share_of_steps, self.high, self.low))
        return asdict(self) | {
            "once_in_steps": min(once, most), "once_in_steps_low": min(least, most),
            "once_in_steps_high": greatest if greatest < most else None,
        }  # fmt: skip


def how_rare(figures: Mapping[str, Any]) -> str:
    """`Rarity.to_dict` in words, with two digits: more are not known."""
    low, high, most = figures["once_in_steps_low"], figures["once_in_steps_high"], TELLABLE * figures["n_steps"]
    if low >= most:
        return f"is rarer than once in {_two_digits(most)} steps, the most that {figures['n_steps']:,} steps can tell"
    ends = f"{_two_digits(low)} to {_two_digits(high)}" if high is not None else f"{_two_digits(low)} or more"
    return f"comes once in about {_two_digits(figures['once_in_steps'])} steps ({ends})"


def rarity_of_shock(codec: SeriesCodec, values: Floats, asked: float) -> Rarity:
    """By the law that paths are drawn from: the noise that each step seen would have needed, and how rare that is.

    Args:
        values: (n,) of the series.
        asked: as `noise_of_shock` takes it.
    """
    z, variance, _ = codec.encode(values)
    y = codec.changed(values)
    scale = codec.scale_at(np.arange(len(y))) * np.sqrt(variance[:-1])
    size = float(np.log1p(asked)) if codec.transform == "returns" else asked
    moved = np.diff(y, prepend=y[0]) if codec.transform == "levels" else y
    needed = (z + (size - moved) / scale)[len(codec.lags) + 1 :]
    is_upper = asked >= 0
    tail = codec.margin.upper if is_upper else codec.margin.lower
    below = codec.margin.cdf(needed)
    share = float((1 - below if is_upper else below).mean())
    likely = [] if tail is None else likely_tails(tail, N_LIKELY, np.random.default_rng(0))
    shares = [share] if tail is None else [_share(tail, needed, below, is_upper) for tail in likely]
    low, high = np.quantile(shares, [0.025, 0.975])
    return Rarity(
        size=asked, share_of_steps=share, low=float(min(low, share)), high=float(max(high, share)), n_steps=len(y),
        was_seen=bool(moved.min() <= size <= moved.max()),
    )  # fmt: skip


def _share(tail: Tail, needed: Floats, below: Floats, is_upper: bool) -> float:
    beyond = tail.holds(needed)
    near = 1 - below if is_upper else below
    return float(np.where(beyond, tail.survival(np.where(beyond, needed, tail.threshold)), near).mean())


def _two_digits(number: float) -> str:
    digits = 1 - math.floor(math.log10(number))
    return f"{round(number, digits):,.0f}" if number >= 10 else f"{number:.1f}"
