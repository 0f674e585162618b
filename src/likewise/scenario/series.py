"""The codec of a series: prices become log-returns, levels lose their season; what is left is noise of changing size.

y_t = season_t + sum phi_k (y - season)_{t-k} + s_t * sqrt(variance_t) * z_t: the codec's `encode` takes a series to its
z, which are alike at all times, and `decode` takes drawn z back to a path.

Legend: n steps, p paths, h steps of a path, d series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from likewise.errors import InputError, OptionError, nearest
from likewise.scenario.margins import Margin
from likewise.scenario.tails import likely_tails
from likewise.scenario.times import times_of
from likewise.scenario.volatility import Volatility, fit_volatility, likely_laws
from likewise.schema.column import Kind
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.typing import Floats, Ints

Transform = Literal["auto", "returns", "changes", "levels"]

MOST_LAGS = 12
HARMONICS = 4
LONGEST_PHASES = 200
"""A season of up to so many rows also has a size of its noise for each of its rows."""

MIDPOINTS = (np.arange(50_000) + 0.5) / 50_000
"""Of equal shares of a law, for its moments."""

REGIMES = ("calm", "normal", "stressed")
REGIME_CUTS = (0.5, 0.9)
"""Calm is the quieter half of the time, stressed its wildest tenth."""


@dataclass(frozen=True)
class Start:
    """Where p paths of a series begin.

    Args:
        step: number of the first step drawn.
        rest: (p, k) the last y without season, newest last, k at least the codec's lags.
        variance: (p,) of the first step.
        last: (p,) the last value.
    """

    step: int
    rest: Floats
    variance: Floats
    last: Floats


@dataclass(frozen=True, kw_only=True)
class SeriesCodec:
    """One series.

    Args:
        name: its column.
        transform: "returns" (differences of logarithms), "changes" (differences) or "levels".
        periods: seasons, in rows; empty for none.
        season: weights of a constant and of each period's sines and cosines.
        lags: phi.
        scales: (period,) the relative size of the noise at each row of the first season; (1,) without.
        volatility: the law of the variance.
        drawn: the same, to draw by: see `Volatility.settled`.
        margin: the law of z.
    """

    name: str
    transform: Transform
    periods: tuple[float, ...]
    season: Floats
    lags: Floats
    scales: Floats
    volatility: Volatility
    drawn: Volatility
    margin: Margin

    def changed(self, values: Floats) -> Floats:
        """(n,) what is modelled: log-returns and changes begin with the second value."""
        return change(values, self.transform)

    def season_at(self, steps: Ints) -> Floats:
        """The season at step numbers counted from the first row modelled."""
        out: Floats = seasonal(steps, self.periods) @ self.season
        return out

    def scale_at(self, steps: Ints) -> Floats:
        out: Floats = self.scales[steps % len(self.scales)]
        return out

    def encode(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """
        Returns:
            (n,) z; (n + 1,) variances; (n,) y without season. The first `len(lags)` z are 0.
        """
        y = self.changed(values)
        steps = np.arange(len(y))
        rest = y - self.season_at(steps)
        noise = _residuals(rest, self.lags) / self.scale_at(steps)
        variance = self.volatility.filter(noise)
        return noise / np.sqrt(variance[:-1]), variance, rest

    def decode(self, z: Floats, start: Start, law: Volatility | None = None) -> tuple[Floats, Floats]:
        """Paths from (p, h) z.

        Args:
            law: of the variance; None takes that of `encode`, whose inverse this then is.

        Returns:
            (p, h) values, and (p, h) what was modelled (log-returns, changes or levels).
        """
        h, k = z.shape[1], len(self.lags)
        steps = start.step + np.arange(h)
        season, scale = self.season_at(steps), self.scale_at(steps)
        past = np.concatenate([start.rest[:, start.rest.shape[1] - k :], np.zeros((len(z), h))], 1)
        variance = start.variance
        for t in range(h):
            noise = np.sqrt(variance) * z[:, t]
            past[:, k + t] = past[:, t : k + t] @ self.lags[::-1] + scale[t] * noise
            variance = (law or self.volatility).step(variance, noise)
        y = past[:, k:] + season
        return self.unchanged(y, start.last), y

    def unchanged(self, y: Floats, last: Floats) -> Floats:
        """(p, h) values from what was modelled, going on from (p,) the last value."""
        if self.transform == "levels":
            return y
        summed = np.cumsum(y, 1)
        return last[:, None] * np.exp(summed) if self.transform == "returns" else last[:, None] + summed

    def to_dict(self) -> dict[str, Any]:
        return {
            "transform": self.transform,
            "periods": list(self.periods),
            "lags": self.lags.tolist(),
            "volatility": self.volatility.to_dict(),
            "tails": {"upper" if tail.upper else "lower": tail.to_dict() for tail in self.margin.tails},
        }


def change(values: Floats, transform: Transform) -> Floats:
    """Log-returns, changes, or the values."""
    if transform == "returns":
        return np.diff(np.log(values))
    return np.diff(values) if transform == "changes" else values


def fit_series(
    values: Floats, name: str, *, transform: Transform = "auto", periods: Sequence[float] = ()
) -> SeriesCodec:
    """The codec of (n,) values at even times.

    Args:
        transform: "auto" takes log-returns for values above 0 without a season; of the others, levels for those that
            come back to a mean, and else log-returns or changes.
        periods: seasons, in rows.

    Raises:
        InputError: too few values, or none that vary.
        OptionError: log-returns of values that are not all above 0.
    """
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        n_bad = int((~np.isfinite(values)).sum())
        raise InputError(
            f"column {name!r}: a series needs a number at each time, and {n_bad} are missing or infinite; leave those "
            "times out, or fill them first"
        )
    if len(values) < 50:
        raise InputError(f"column {name!r}: a series needs at least 50 values, got {len(values)}")
    if np.ptp(values) == 0:
        raise InputError(f"column {name!r} does not vary")
    if transform == "auto":
        transform = _guess(values, periods)
    if transform == "returns" and values.min() <= 0:
        raise OptionError(f"column {name!r}: log-returns need values above 0; take transform='changes'")
    y = change(values, transform)
    # Log-returns have no season worth a harmonic; levels do.
    periods = tuple(periods) if transform == "levels" else ()
    steps = np.arange(len(y))
    waves = seasonal(steps, periods)
    season: Floats = np.linalg.lstsq(waves, y, rcond=None)[0].astype(np.float64)
    rest = y - waves @ season
    lags = _fit_lags(rest)
    noise = _residuals(rest, lags)
    scales = _scales(noise, periods)
    noise = noise / scales[steps % len(scales)]
    volatility = fit_volatility(noise)
    margin = Margin.fit((noise / np.sqrt(volatility.filter(noise)[:-1]))[len(lags) :], name)
    return SeriesCodec(
        name=name, transform=transform, periods=periods, season=season, lags=lags, scales=scales,
        volatility=volatility, drawn=_law_to_draw_by(volatility, margin, float(np.mean(noise**2))), margin=margin,
    )  # fmt: skip


def _law_to_draw_by(law: Volatility, margin: Margin, variance: float) -> Volatility:
    """The law of the variance of drawn paths, given the law that z is drawn from."""
    z = margin.quantile(MIDPOINTS)
    return law.settled(float((z**2).mean()), float((z**2 * (z < 0)).mean()), variance)


def likely_series(codec: SeriesCodec, values: Floats, n: int, rng: np.random.Generator) -> list[SeriesCodec]:
    """Codecs of (m,) values that these allow: with laws of the variance, and tails of the noise, drawn by how unsure
    both are."""
    z, variance, _ = codec.encode(values)
    noise = z * np.sqrt(variance[:-1])
    laws = likely_laws(codec.volatility, noise[len(codec.lags) :], n, rng)
    tails = {
        side: [None] * n if tail is None else likely_tails(tail, n, rng)
        for side, tail in (("lower", codec.margin.lower), ("upper", codec.margin.upper))
    }
    margins = [replace(codec.margin, lower=a, upper=b) for a, b in zip(tails["lower"], tails["upper"], strict=True)]
    return [
        replace(codec, volatility=law, margin=margin, drawn=_law_to_draw_by(law, margin, law.long_run))
        for law, margin in zip(laws, margins, strict=True)
    ]


def _guess(values: Floats, periods: Sequence[float]) -> Transform:
    """Whether a series wanders (prices) or comes back (temperatures): by how much of its level is left a step later.

    Positive values without a season count as prices untested: what a shock of -0.2 means must not hang on a p-value.
    """
    if values.min() > 0 and not periods:
        return "returns"
    waves = seasonal(np.arange(len(values)), tuple(periods))
    rest = values - waves @ np.linalg.lstsq(waves, values, rcond=None)[0]
    memory = float(rest[1:] @ rest[:-1] / (rest[:-1] @ rest[:-1]))
    # Half of the Dickey-Fuller 5% point: a unit root is kept where it is not clearly refused.
    if memory > 1 - 14.0 / len(values):
        return "returns" if values.min() > 0 else "changes"
    return "levels"


def seasonal(steps: Ints, periods: Sequence[float]) -> Floats:
    """(n, 1 + 2 * harmonics * periods) a constant, and sines and cosines of each season."""
    columns = [np.ones(len(steps))]
    for period in periods:
        for k in range(1, min(HARMONICS, int(period) // 2) + 1):
            angle = 2 * np.pi * k * steps / period
            columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, 1)


def _fit_lags(rest: Floats) -> Floats:
    """Autoregressive weights, as many as Schwarz's criterion allows, by least squares; none where they are no help."""
    most = min(MOST_LAGS, len(rest) // 20)
    target = rest[most:]
    lagged = np.stack([rest[most - k : len(rest) - k] for k in range(1, most + 1)], 1)
    costs: list[float] = [len(target) * np.log(target.var())]
    weights: list[Floats] = [np.zeros(0)]
    for k in range(1, most + 1):
        found = np.linalg.lstsq(lagged[:, :k], target, rcond=None)[0]
        # Not Akaike's, which is laxer: lags that are there by chance make paths that echo.
        costs.append(len(target) * np.log((target - lagged[:, :k] @ found).var()) + np.log(len(target)) * k)
        weights.append(found.astype(np.float64))
    chosen: Floats = weights[int(np.argmin(costs))]
    return chosen


def _residuals(rest: Floats, lags: Floats) -> Floats:
    """(n,) what the lags leave; 0 for the first steps, which have no past."""
    k = len(lags)
    out = rest.copy()
    for i, weight in enumerate(lags, 1):
        out[k:] -= weight * rest[k - i : len(rest) - i]
    out[:k] = 0.0
    return out


def _scales(noise: Floats, periods: Sequence[float]) -> Floats:
    """The relative size of the noise at each row of the shortest season."""
    whole = [int(p) for p in periods if float(p).is_integer() and p <= LONGEST_PHASES and len(noise) >= 20 * p]
    if not whole:
        return np.ones(1)
    period = min(whole)
    phases = np.arange(len(noise)) % period
    sizes = np.sqrt(np.bincount(phases, noise**2) / np.bincount(phases))
    return sizes / np.sqrt(np.mean(sizes**2)) if (sizes > 0).all() else np.ones(1)


def regimes(variance: Floats) -> Ints:
    """(n,) 0 calm, 1 normal, 2 stressed: by where the variance stands among all its own."""
    cuts = np.quantile(variance, REGIME_CUTS)
    found: Ints = np.searchsorted(cuts, variance, side="right").astype(np.int64)
    return found


def regime_table(labels: Ints) -> dict[str, dict[str, float]]:
    """How often a step in one regime is followed by a step in another."""
    moves = np.zeros((len(REGIMES), len(REGIMES)))
    np.add.at(moves, (labels[:-1], labels[1:]), 1.0)
    shares = moves / np.maximum(moves.sum(1, keepdims=True), 1.0)
    return {a: dict(zip(REGIMES, map(float, row), strict=True)) for a, row in zip(REGIMES, shares, strict=True)}


def log_returns(frame: pl.DataFrame, columns: Sequence[str], time: str | None = None) -> pl.DataFrame:
    """A raw frame with columns of prices turned into log-returns, by time; the first row has none and goes.

    Raises:
        InputError: a price is missing, or not above 0.
    """
    schema = infer(frame)
    table = parse(frame, schema)
    if time is not None:
        order = times_of(table, time).order
        frame, table = frame[order], table[order]
    for name in columns:
        if name not in table.columns or schema[name].kind not in (Kind.INTEGER, Kind.REAL):
            raise OptionError(f"{name!r} is no column of prices{nearest(name, table.columns)}")
        prices = table[name].cast(pl.Float64)
        if prices.null_count() or not (prices > 0).all():
            raise InputError(f"column {name!r}: log-returns need a price above 0 in every row")
        frame = frame.with_columns(prices.log().diff().alias(name))
    return frame[1:]
