"""All measures of one synthetic table, each beside its floor, gathered in a `Report`."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import metadata
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import InputError, OptionError
from likewise.evaluate import privacy
from likewise.evaluate.detection import MIN_ROWS, Detection, detect
from likewise.evaluate.fidelity import Fidelity, fidelity
from likewise.evaluate.grids import with_grids
from likewise.evaluate.learners import learner_name
from likewise.evaluate.pictures import picture
from likewise.evaluate.results import ColumnScore, FloorKind, PairScore, Report, Score
from likewise.evaluate.roc import Z95
from likewise.evaluate.tables import Typed, TypedColumn, check_columns, type_tables
from likewise.evaluate.utility import NotMeasurable, Utility, train_synthetic_test_real
from likewise.schema import Kind, Role, Schema

MOST_PAIRS_KEPT = 5_000
TEST_SHARE = 0.2


def evaluate(
    real: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    target: str | None = None,
    schema: Schema | None = None,
    random_state: int = 0,
    learner: str = "auto",
) -> Report:
    """How alike two tables are, what the synthetic one is good for, and what it gives away.

    Args:
        real: the rows the synthetic ones were learnt from; any data frame (pandas, Polars, Arrow).
        synthetic: the rows to judge. Columns in any order.
        holdout: real rows the generator has not seen. Without them the privacy attacks cannot be made, and floors
            come from the real rows split in two.
        target: the column to predict for the utility figures; by default the schema's, if it names one.
        schema: what the columns are; by default inferred from `real`.
        random_state: seed of every sample drawn here.
        learner: who judges: "xgboost", "histgb", or "auto" (XGBoost when it is installed).

    Raises:
        InputError: a table is empty, lacks a column, or holds one of another kind.
        OptionError: the target or the learner is unknown.

    Privacy: the figures are computed on real data; they are not differentially private.

    Example:
        >>> import numpy as np, polars as pl
        >>> rng = np.random.default_rng(0)
        >>> real, fake = (pl.DataFrame({"x": rng.normal(size=300), "y": rng.integers(0, 9, 300)}) for _ in range(2))
        >>> report = evaluate(real, fake)
        >>> report["shape"].value < 0.2
        True
    """
    from likewise.inference import infer
    from likewise.io import from_frame
    from likewise.parsing import parse

    train, fake = from_frame(real)[0], from_frame(synthetic)[0]
    kept_out = None if holdout is None else from_frame(holdout)[0]
    schema = infer(train) if schema is None else schema
    tables = {"real": train, "synthetic": fake} | ({} if kept_out is None else {"holdout": kept_out})
    for role, table in tables.items():
        check_columns(table, schema, role)
    parsed = {role: parse(table, schema, partial=True) for role, table in tables.items()}
    return evaluate_tables(
        parsed["real"],
        parsed["synthetic"],
        schema,
        holdout=parsed.get("holdout"),
        target=target,
        random_state=random_state,
        learner=learner,
    )


def evaluate_tables(
    train: pl.DataFrame,
    synthetic: pl.DataFrame,
    schema: Schema,
    *,
    holdout: pl.DataFrame | None = None,
    target: str | None = None,
    random_state: int = 0,
    learner: str = "auto",
) -> Report:
    """`evaluate` for canonical frames (see `likewise.parsing`): a function of its arguments alone."""
    target = _target(schema, target)
    learner_name(learner)
    frames = {"real": train, "synthetic": synthetic} | ({} if holdout is None else {"holdout": holdout})
    for role, frame in frames.items():
        check_columns(frame, schema, role)
        if frame.height == 0:
            raise InputError(f"the {role} table has no rows; give at least one")
    modelled = [c.name for c in schema if c.is_modelled]
    if not modelled:
        raise InputError("no column to compare: all are ids or dropped; give another one the role 'feature'")
    run = _Run(schema, frames, target, random_state, learner, modelled)
    return run.report()


def _target(schema: Schema, target: str | None) -> str | None:
    if target is None:
        return next((c.name for c in schema if c.role is Role.TARGET), None)
    names = [c.name for c in schema if c.is_modelled]
    if target not in names:
        near = get_close_matches(target, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise OptionError(f"the target {target!r} is not a column that is compared{hint}")
    return target


@dataclass
class _Run:
    """One evaluation: its tables, its seeds, and the scores and notes so far."""

    schema: Schema
    frames: dict[str, pl.DataFrame]
    target: str | None
    seed: int
    learner: str
    modelled: list[str]

    def __post_init__(self) -> None:
        typed = type_tables(list(self.frames.values()), self.schema)
        self.train, self.synthetic = typed[0], typed[1]
        self.holdout = typed[2] if len(typed) > 2 else None
        self.notes: list[str] = []

    def rng(self, stage: int) -> np.random.Generator:
        """A stream of its own for each stage, so that one more measure does not move the others."""
        return np.random.default_rng([self.seed, stage])

    def report(self) -> Report:
        if self.holdout is None:
            self.notes.append(
                "No holdout was given: floors come from the real rows split in two, and the attacks which need real "
                "rows unknown to the generator were not made."
            )
        fit, floor, floor_by = self.fidelity()
        detection = self.detection()
        scores = [
            *self.fidelity_scores(fit, floor, floor_by),
            *([] if detection is None else [self.detection_score(detection)]),
            *self.utility_scores(),
            *self.privacy_scores(),
        ]
        return Report(
            scores=tuple(s for s in scores if not math.isnan(s.value)),
            columns=tuple(self.column_scores(fit, floor, detection)),
            pairs=with_grids(_worst(fit.pairs), self.train, self.synthetic, rng=self.rng(8)),
            data=self.facts(fit),
            notes=tuple(self.notes),
            versions=_versions(self.learner),
        )

    # --- fidelity ---

    def fidelity(self) -> tuple[Fidelity, Fidelity, FloorKind]:
        """The synthetic table's fidelity, and a fresh real table's at the same size."""
        if self.holdout is not None:
            fit, floor = fidelity(self.train, [self.synthetic, self.holdout], rng=self.rng(1))
            scale = _noise(len(self.train), len(self.synthetic)) / _noise(len(self.train), len(self.holdout))
            return fit, _scaled(floor, scale), "holdout"
        (fit,) = fidelity(self.train, [self.synthetic], rng=self.rng(1))
        order = self.rng(2).permutation(len(self.train))
        a, b = (self.train.take(half) for half in np.array_split(order, 2))
        if len(b) == 0:
            return fit, _scaled(fit, math.nan), "halves"
        (floor,) = fidelity(a, [b], rng=self.rng(1))
        scale = _noise(len(self.train), len(self.synthetic)) / _noise(len(a), len(b))
        return fit, _scaled(floor, scale), "halves"

    def fidelity_scores(self, fit: Fidelity, floor: Fidelity, floor_by: FloorKind) -> Iterable[Score]:
        n = len(self.synthetic)
        yield Score(
            name="shape",
            group="fidelity",
            value=fit.shape,
            better="lower",
            floor=_finite(floor.shape),
            floor_by=floor_by,
            copy=0.0,
            n=n,
            method="mean over columns of the Kolmogorov-Smirnov distance (numbers) or total variation (levels); "
            "floor scaled to the same number of rows",
            meaning="how far single columns are from the real ones, from 0 (alike) to 1",
        )
        half = Z95 * fit.trend_deviation
        method = "mean over pairs of half the difference of Pearson's r (two numbers) or total variation of the counts"
        if half:
            method += f"; {len(fit.pairs):,} of {fit.n_pairs:,} pairs measured, the interval is of that sample"
        yield Score(
            name="trend",
            group="fidelity",
            value=fit.trend,
            better="lower",
            floor=_finite(floor.trend),
            floor_by=floor_by,
            copy=0.0,
            interval=(max(0.0, fit.trend - half), fit.trend + half) if half else None,
            n=n,
            method=method,
            meaning="how far pairs of columns hang together otherwise than in the real table, from 0 (alike) to 1",
        )
        if not math.isnan(fit.trend_linked):
            yield Score(
                name="trend_linked",
                group="fidelity",
                value=fit.trend_linked,
                better="lower",
                floor=_finite(floor.trend_linked),
                floor_by=floor_by,
                copy=0.0,
                n=n,
                method="the same over the pairs that hang together in the real table: |r| > 0.4 or Cramer's V > 0.3",
                meaning="the same, over the pairs of columns that clearly hang together",
            )
        real, fake = _missing_shares(self.train), _missing_shares(self.synthetic)
        if real.any() or fake.any():
            fresh = None if self.holdout is None else float(np.abs(real - _missing_shares(self.holdout)).mean())
            yield Score(
                name="missing",
                group="fidelity",
                value=float(np.abs(real - fake).mean()),
                better="lower",
                floor=fresh,
                floor_by=None if fresh is None else "holdout",
                copy=0.0,
                n=n,
                method="mean over columns of the difference of the shares of missing values",
                meaning="how far the shares of missing values are from the real ones",
            )

    def detection(self) -> Detection | None:
        real = self.train if self.holdout is None else self.holdout
        found = detect(real, self.synthetic, learner=self.learner, seed=_seed(self.rng(3)))
        if found is None:
            self.notes.append(f"The classifier test needs at least {MIN_ROWS} rows of each table.")
        elif self.holdout is None:
            self.notes.append(
                "The classifier compared the synthetic rows with the rows they were learnt from: copying lowers it."
            )
        return found

    def detection_score(self, found: Detection) -> Score:
        against = "holdout" if self.holdout is not None else "training"
        return Score(
            name="c2st",
            group="fidelity",
            value=found.area,
            better="lower",
            floor=0.5,
            floor_by="theory",
            interval=found.interval,
            n=found.n,
            method=f"ROC AUC of {learner_name(self.learner)}, 5 folds, {found.n:,} synthetic and as many {against} "
            "rows; DeLong interval",
            meaning="how often a classifier tells which of two rows is synthetic; 0.5 is a coin toss",
        )

    # --- utility ---

    def utility_scores(self) -> Iterable[Score]:
        if self.target is None:
            return
        train, test, floor_by = self.train, self.holdout, "holdout"
        if test is None:
            floor_by = "halves"
            order = self.rng(4).permutation(len(train))
            cut = max(1, round(TEST_SHARE * len(order)))
            train, test = self.train.take(order[cut:]), self.train.take(order[:cut])
            self.notes.append(
                "Without a holdout, utility is tested on a fifth of the real rows, which the generator has seen."
            )
        try:
            found = train_synthetic_test_real(
                train, self.synthetic, test, self.target, learner=self.learner, seed=_seed(self.rng(5))
            )
        except NotMeasurable as reason:
            self.notes.append(f"Utility was not measured: {reason}.")
            return
        for utility in found:
            yield self.utility_score(utility, floor_by)

    def utility_score(self, utility: Utility, floor_by: Any) -> Score:
        names = {"auc": "ROC AUC", "r2": "R²", "rmse": "root mean square error"}
        return Score(
            name=f"tstr_{utility.measure}",
            group="utility",
            value=utility.synthetic.value,
            better="lower" if utility.measure == "rmse" else "higher",
            floor=utility.real.value,
            floor_by=floor_by,
            copy=utility.real.value,
            interval=utility.synthetic.interval,
            n=utility.n,
            method=f"{names[utility.measure]} of {learner_name(self.learner)} for {self.target!r}, trained on the "
            f"synthetic rows, tested on {utility.n:,} real rows; the floor is the same trained on real rows",
            meaning="how well a model learnt from synthetic rows predicts real ones, beside one learnt from real rows",
        )

    # --- privacy ---

    def privacy_scores(self) -> Iterable[Score]:
        hashes = {role: privacy.row_hashes(frame, self.modelled) for role, frame in self.frames.items()}
        found, repeated = privacy.copies(hashes["synthetic"], hashes["real"]), privacy.repeats(hashes["real"])
        fresh = repeated if self.holdout is None else privacy.copies(hashes["holdout"], hashes["real"])
        yield Score(
            name="copies",
            group="privacy",
            value=found.value,
            better="lower",
            floor=fresh.value,
            floor_by="train" if self.holdout is None else "holdout",
            copy=1.0,
            interval=found.interval,
            n=found.n,
            method="share of synthetic rows that stand, cell for cell, in the training rows; Wilson interval",
            meaning="how many synthetic rows are exact copies of real ones",
            threat="sees the synthetic rows only",
        )
        if self.holdout is None:
            return
        if fresh.value > 0.01 and fresh.interval[0] > 1.5 * repeated.interval[1]:
            self.notes.append(
                f"{fresh.value:.1%} of the holdout rows stand in the training rows, more than rows repeat there "
                f"({repeated.value:.1%}): the two overlap, so attacks look weaker than they are."
            )
        if len(self.holdout) < MIN_ROWS or len(self.train) < MIN_ROWS:
            self.notes.append(f"The attacks need at least {MIN_ROWS} training and holdout rows.")
            return
        yield from self.attack_scores(fresh.value)

    def attack_scores(self, fresh_copies: float) -> Iterable[Score]:
        train, synthetic, holdout = self.train, self.synthetic, self.holdout
        assert holdout is not None
        if any(c.kind is Kind.TEXT for c in self.schema if c.is_modelled):  # an attacker compares texts, not patterns
            train, synthetic, holdout = type_tables(list(self.frames.values()), self.schema, text="value")
        near = privacy.distance_share(train, holdout, synthetic, seed=_seed(self.rng(6)))
        yield Score(
            name="distance_share",
            group="privacy",
            value=near.share,
            better="lower",
            floor=0.5,
            floor_by="theory",
            copy=near.copy,
            interval=near.interval,
            n=near.n,
            method="share of synthetic rows whose nearest real row is a training row rather than a holdout row, "
            "scaled so that chance is 0.5; interval from the exchangeability of the two",
            meaning="whether synthetic rows crowd around training rows; about 0.5 plus half the share of copied rows",
            threat="sees the synthetic rows; a check for copying, not an attack on a person",
        )
        attack = privacy.membership(train, holdout, synthetic, seed=_seed(self.rng(7)))
        threat = "sees the synthetic rows and knows every cell of the record asked about"
        yield Score(
            name="membership",
            group="privacy",
            value=attack.area.value,
            better="lower",
            floor=0.5,
            floor_by="theory",
            copy=1.0 - 0.5 * fresh_copies,
            interval=attack.area.interval,
            n=attack.n,
            method=f"ROC AUC of minus the distance to the nearest synthetic row, for {attack.n:,} training and as many "
            "holdout rows; numbers in units of their 1-99 % range, levels one-hot, Euclidean; DeLong interval",
            meaning="how well distance tells who was in the training rows; 0.5 is a coin toss",
            threat=threat,
        )
        rate, interval = attack.caught
        yield Score(
            name="membership_tpr",
            group="privacy",
            value=rate,
            better="lower",
            floor=privacy.FALSE_POSITIVE_RATE,
            floor_by="theory",
            copy=None,
            interval=interval,
            n=attack.n,
            method="the same attack: share of training rows named where 1 % of the holdout rows are named falsely",
            meaning="how many members a cautious attacker names rightly; 1 % is chance",
            threat=threat,
        )

    # --- tables and facts ---

    def column_scores(self, fit: Fidelity, floor: Fidelity, detection: Detection | None) -> Iterable[ColumnScore]:
        for i, (real, fake) in enumerate(zip(self.train.columns, self.synthetic.columns, strict=True)):
            yield ColumnScore(
                name=real.name,
                kind=str(real.kind),
                error=_finite(fit.columns[i]),
                floor=_finite(floor.columns[i]),
                missing_real=round(float(real.missing.mean()), 4),
                missing_synthetic=round(float(fake.missing.mean()), 4),
                mean_real=_moment(real, np.mean),
                mean_synthetic=_moment(fake, np.mean),
                deviation_real=_moment(real, np.std),
                deviation_synthetic=_moment(fake, np.std),
                tells=None if detection is None else round(detection.tells[i], 4),
                picture=picture(real, fake),
            )

    def facts(self, fit: Fidelity) -> dict[str, Any]:
        return {
            "rows_real": len(self.train),
            "rows_synthetic": len(self.synthetic),
            "rows_holdout": 0 if self.holdout is None else len(self.holdout),
            "columns": len(self.modelled),
            "columns_left_out": [c.name for c in self.schema if not c.is_modelled],
            "pairs": fit.n_pairs,
            "pairs_measured": len(fit.pairs),
            "target": self.target,
            "random_state": self.seed,
        }


def _noise(n: int, m: int) -> float:
    """Sampling noise between two tables goes with this: differences of shares have variance p (1 - p) (1/n + 1/m)."""
    return math.sqrt(1.0 / n + 1.0 / m)


def _scaled(floor: Fidelity, scale: float) -> Fidelity:
    columns = tuple(min(1.0, e * scale) if not math.isnan(e) else e for e in floor.columns)
    return replace(
        floor,
        columns=columns,
        shape=floor.shape * scale,
        trend=floor.trend * scale,
        trend_linked=floor.trend_linked * scale,
    )


def _missing_shares(table: Typed) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([c.missing.mean() for c in table.columns])


def _moment(column: TypedColumn, of: Any) -> float | None:
    """Mean or deviation of a number column, to four digits; nothing from fewer than five rows, nor for times."""
    if not column.is_number or column.dtype is not None or len(column.present) < 5:
        return None
    return float(f"{of(column.present):.4g}")


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _worst(pairs: tuple[PairScore, ...]) -> tuple[PairScore, ...]:
    return tuple(sorted(pairs, key=lambda p: -(p.gap or 0.0))[:MOST_PAIRS_KEPT])


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31 - 1))


def _versions(learner: str) -> dict[str, str]:
    names = ["likewise", "numpy", "polars", "xgboost" if learner_name(learner) == "xgboost" else "scikit-learn"]
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from the source folder
            import likewise

            found[name] = str(getattr(likewise, "__version__", "source"))
    return found
