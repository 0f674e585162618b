"""What if, how often, how bad: conditions, interventions, mixes, tails, paths and reverse stress tests.

`Scenario` draws rows, `Paths` draws series; the other names are what the two are built of, for use alone.
"""

from __future__ import annotations

from likewise.scenario.backtest import Backtest, backtest, christoffersen, kupiec
from likewise.scenario.conditions import quantiles
from likewise.scenario.dependence import TailDependence, tail_dependence
from likewise.scenario.estimator import Scenario
from likewise.scenario.facts import Facts, stylised_facts, var_es
from likewise.scenario.paths import PathDraw, Paths
from likewise.scenario.pooling import View, correlation, mean, quantile, share, std
from likewise.scenario.result import ScenarioDraw
from likewise.scenario.tails import ReturnLevel, Tail, fit_pareto, fit_tail, return_level

__all__ = [
    "Backtest",
    "Facts",
    "PathDraw",
    "Paths",
    "ReturnLevel",
    "Scenario",
    "ScenarioDraw",
    "Tail",
    "TailDependence",
    "View",
    "backtest",
    "christoffersen",
    "correlation",
    "fit_pareto",
    "fit_tail",
    "kupiec",
    "mean",
    "quantile",
    "quantiles",
    "return_level",
    "share",
    "std",
    "stylised_facts",
    "tail_dependence",
    "var_es",
]
