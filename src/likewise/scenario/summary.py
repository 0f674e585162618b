"""The figures of a scenario as lines that people read."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from likewise.scenario.shocks import how_rare

Line = tuple[str, str]


def lines(report: Mapping[str, Any], *, shares: Collection[str] = ()) -> list[Line]:
    """What each figure is called, and the figure.

    Args:
        report: of a `ScenarioDraw` or a `PathDraw`.
        shares: columns that hold shares, such as log-returns: they are written in percent.
    """
    found = [*_tail(report, shares)]
    for other, levels in report.get("chi", {}).items():
        at = levels[1]
        found.append((f"extreme together with {other}", f"chi {at['chi']:.2f}, chi-bar {at['chi_bar']:.2f} at 95 %"))
    for part in ("mix", "views"):
        if part in report:
            figures = report[part]
            found.append((f"worth of the {part}", f"{figures['effective_rows']:,.0f} of {figures['rows']:,} rows"))
    if "intervention" in report:
        found.append(("causes first", ", ".join(report["intervention"]["order"])))
    if "share_beyond_seen" in report:
        found.append(("rows beyond anything seen", percent(report["share_beyond_seen"])))
    for name, figures in report.get("series", {}).items():
        found.append((f"{name} is modelled by its", figures["transform"]))
        found += _paths(name, report["risk"][name])
    for name, figures in report.get("shock", {}).items():
        found.append((f"a step like the shock of {name}", how_rare(figures)))
    if "share_that_meets" in report:
        found.append(("paths that meet the conditions", percent(report["share_that_meets"], 2)))
    return found


def _tail(report: Mapping[str, Any], shares: Collection[str]) -> Iterator[Line]:
    if "tail" not in report:
        return
    tail = report["tail"]
    name, written = tail["column"], percent if tail["column"] in shares else number
    for level in report.get("return_levels", ()):
        ends = f"95 % interval {written(level['low'])} to {written(level['high'])}"
        yield f"{name}, once in {level['periods']:g} {level['unit']}", f"{written(level['level'])} ({ends})"
    for risk in report["risk"]:
        yield f"{name}, {_risk(risk)}", _two(risk, written)
    yield (
        f"tail of {name}",
        f"{tail['n_excesses']:,} rows beyond {written(tail['threshold'])}, shape {tail['shape']:.2f}, fit "
        f"p = {tail['p_value']:.2f}",
    )


def _paths(name: str, risk: Mapping[str, Any]) -> Iterator[Line]:
    written = percent if risk["relative"] else number
    for band in risk["bands"]:
        yield f"{name} after {band['step']:,} step{'s' * (band['step'] > 1)}", _band(band, number)
    for at in risk["horizon"]:
        yield f"fall of {name} over all steps, {_risk(at)}", _two(at, written)
    yield f"worst of {risk['bands'][-1]['step']:,} steps of {name}, a fall by", _band(risk["worst_step"], written)
    yield f"drawdown of {name}", _band(risk["drawdown"], written)


def _risk(figures: Mapping[str, float]) -> str:
    return f"VaR and ES at {100 * figures['level']:g} %"


def _two(figures: Mapping[str, float], written: Callable[[float], str]) -> str:
    return f"{written(figures['value_at_risk'])} and {written(figures['expected_shortfall'])}"


def _band(band: Mapping[str, float], written: Callable[[float], str]) -> str:
    ends = f"{written(band['low'])} to {written(band['high'])}"
    return f"{written(band['median'])} ({100 * band['level']:g} % of paths {ends})"


def percent(share: float, decimals: int = 1) -> str:
    return f"{100 * share:.{decimals}f} %"


def number(value: float) -> str:
    """Whole numbers in full, others with three digits that matter.

    Example:
        >>> [number(x) for x in (1234567.8, 42.314, 0.0656107, 0.0)]
        ['1,234,568', '42.3', '0.0656', '0']
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:,.{max(2 - math.floor(math.log10(abs(value))), 0)}f}"
