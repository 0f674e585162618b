"""All measures of one synthetic table, each beside its floor, gathered in a `Report`."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib import metadata
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from likewise.codecs.words import PLACEHOLDER
from likewise.databases.database import Database, Keys, as_database
from likewise.errors import InputError, OptionError, SchemaError, nearest
from likewise.evaluate.attacks.inference import Guessed
from likewise.evaluate.columns import column_details
from likewise.evaluate.detection import Detection
from likewise.evaluate.fidelity import Fidelity
from likewise.evaluate.grids import with_grids
from likewise.evaluate.learners import learner_name
from likewise.evaluate.links import with_links
from likewise.evaluate.parsed import parsed
from likewise.evaluate.pictures import picture
from likewise.evaluate.results import ColumnScore, PairScore, Report, RuleScore, Score
from likewise.evaluate.scans.gather import are_scans, evaluate_scans
from likewise.evaluate.scans.whole import Whole
from likewise.evaluate.scoring import fidelity, histories, places, privacy, texts, utility
from likewise.evaluate.scoring.context import Context, checked_time, chosen_measures, finite
from likewise.evaluate.scoring.subgroups import subgroup_scores
from likewise.evaluate.tables import TypedColumn, check_columns
from likewise.evaluate.windows.gather import evaluate_windows
from likewise.images.sets import ImageSet, as_images
from likewise.nets import require_torch
from likewise.rules.shares import shares_of
from likewise.schema.column import Kind, Role, Schema
from likewise.schema.infer import infer, timed
from likewise.schema.persons import likely_entity
from likewise.series.sets import WindowSet, as_windows
from likewise.tables.frames import from_frame, name_of

MOST_PAIRS_KEPT = 5_000
MOSTLY = 0.01


def evaluate(
    real: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    target: str | None = None,
    schema: Schema | None = None,
    random_state: int = 0,
    learner: str = "auto",
    measures: str | Sequence[str] = "standard",
    by: str | None = None,
    entity: str | bool | None = None,
    time: str | bool | None = None,
    public: Any = None,
    on: Sequence[str] = (),
    show_real: bool = False,
    keys: Keys = None,
    engine: str | None = None,
    workers: int | None = None,
    address: str | None = None,
) -> Report:
    """How alike two tables are, what the synthetic one is good for, and what it gives away.

    Images are taken too: arrays (N, H, W) or (N, C, H, W), or mappings {"x": images, "y": labels}; their measures are
    told in `docs/images-measures.md`. So are windows of time series, as `WindowSet`: see `docs/windows.md`; and
    databases, as `Database` or as mappings of names to tables: see `docs/database_measures.md`.

    Args:
        real: the rows the synthetic ones were learnt from; any data frame (pandas, Polars, Arrow), or a path or
            `likewise.scan(...)` of a table that need not fit into memory. The others likewise.
        synthetic: the rows to judge. Columns in any order.
        holdout: real rows the generator has not seen. Without them the privacy attacks cannot be made, and floors
            come from the real rows split in two.
        target: the column to predict for the utility figures; by default the schema's, if it names one.
        schema: what the columns are; by default inferred from `real`.
        random_state: seed of every sample drawn here.
        learner: who judges: "xgboost", "histgb", "linear", or "auto" (XGBoost when it is installed).
        measures: "standard", "all", or some of "accuracy", "joint", "detection", "utility", "attacks", "models" and
            "targets". Columns and pairs are always measured; "models" and "targets" take minutes on large tables and
            are not standard.
        by: a column of levels; fidelity and utility are then told for each level as well.
        entity: the column that tells whose a row is, where a person may have several; by default the schema's; False
            says that rows are people. Splits, floors and attacks then count persons, and holdout rows of persons who
            are in `real` are no control.
        time: the column that orders an entity's rows; True takes the rows' own order. Entities are then measured as
            histories too: lengths, times, what follows what, whole histories told from real ones, copied or guessed.
        public: an attacker's table with names and some columns of `real`, to link the synthetic rows to; these may then
            be anonymised or microaggregated ones, of which nothing else is measured when their labels are no values.
        on: the columns that the attacker links by.
        show_real: for images only: put some real ones into the report, beside the synthetic ones.
        keys: for mappings of names to tables: the keys, as `Database` takes them; by default found.
        engine, workers, address: of paths and scans, who reads them, as `Synthesizer.fit` takes it. Columns, pairs and
            exact copies are counted on all rows, all else is measured on a sample; each score says which. See
            `docs/scale.md`.

    Raises:
        InputError: a table is empty, lacks a column, or holds one of another kind; a real row does not tell whose it
            is; images differ in size or scale.
        OptionError: the target, the learner, a measure or the column of groups is unknown, or an option of tables is
            given with images, or one of images with tables.

    Privacy: the figures are computed on real data; they are not differentially private.

    Example:
        >>> import numpy as np, polars as pl
        >>> rng = np.random.default_rng(0)
        >>> real, fake = (pl.DataFrame({"x": rng.normal(size=300), "y": rng.integers(0, 9, 300)}) for _ in range(2))
        >>> report = evaluate(real, fake)
        >>> report["shape"].value < 0.2
        True
    """
    options: dict[str, Any] = dict(target=target, schema=schema, by=by, entity=entity, time=time, learner=learner)
    options["public"] = public is not None or None
    where = {"engine": engine, "workers": workers, "address": address}
    options |= where
    if (database := as_database(real, keys)) is not None:
        _check_no_table_options("databases are measured whole, table by table", **options)
        return _of_database(database, synthetic, holdout, random_state, measures)
    if keys is not None:
        raise OptionError("keys are those of a database; give a Database, or a mapping of names to tables")
    windows, images = as_windows(real), as_images(real)
    if windows is not None or images is not None:
        _check_no_table_options("images and windows are all measured alike", **options, measures=measures)
        if windows is not None:
            return _of_windows(windows, synthetic, holdout, random_state)
        assert images is not None, "they are one or the other"
        return _of_images(images, synthetic, holdout, random_state, show_real)
    if show_real:
        raise OptionError("show_real is for images; a report never shows the rows of a table")
    target, by = (None if label is None else name_of(label) for label in (target, by))
    entity = entity if isinstance(entity, bool | None) else name_of(entity)
    time = time if isinstance(time, bool | None) else name_of(time)
    given = {"real": real, "synthetic": synthetic} | ({} if holdout is None else {"holdout": holdout})
    asked = dict(
        target=target, random_state=random_state, learner=learner, measures=measures, by=by, entity=entity, time=time,
        public=public, on=on,
    )  # fmt: skip
    if are_scans(given.values(), where):
        return evaluate_scans(measure_frames, given, schema, where, **asked)
    return measure_frames({role: from_frame(table)[0] for role, table in given.items()}, schema=schema, **asked)


def measure_frames(
    tables: Mapping[str, pl.DataFrame], *, schema: Schema | None, target: str | None, random_state: int, learner: str,
    measures: str | Sequence[str], by: str | None, entity: str | bool | None, time: str | bool | None, public: Any,
    on: Sequence[str], whole: Whole | None = None,
) -> Report:  # fmt: skip
    """`evaluate` for frames by role, as they came.

    Args:
        whole: counts of all rows, where the frames are samples of tables that are not held.
    """
    train, fake, kept_out = tables["real"], tables["synthetic"], tables.get("holdout")
    schema = _with_entity(infer(train, entity=False if entity is False else None) if schema is None else schema, entity)
    schema = timed(schema, time)
    linked = _linked(public, on, train, fake, kept_out, schema, random_state)
    try:
        for role, table in tables.items():
            check_columns(table, schema, role)
        schema, read = parsed(tables, schema)
    except (InputError, SchemaError) as error:
        if not linked:
            raise
        notes = (f"Only the linkage to the public table was measured: {error}",)
        return Report(scores=linked, data={"rows_real": len(train), "rows_synthetic": len(fake)}, notes=notes)
    report = evaluate_tables(
        read["real"],
        read["synthetic"],
        schema,
        holdout=read.get("holdout"),
        target=target,
        random_state=random_state,
        learner=learner,
        measures=measures,
        by=by,
        entity=entity,
        time=time,
        whole=whole,
    )
    return replace(report, scores=(*report.scores, *linked), rules=tuple(_rule_scores(schema, read)))


def _linked(
    public: Any,
    on: Sequence[str],
    train: pl.DataFrame,
    fake: pl.DataFrame,
    holdout: pl.DataFrame | None,
    schema: Schema,
    seed: int,
) -> tuple[Score, ...]:
    """The scores of linkage to a public table; none where none was given."""
    from likewise.evaluate.attacks.public import link_public

    if public is None:
        if on:
            raise OptionError("on names the columns to link a public table by, so it needs public")
        return ()
    names = [on] if isinstance(on, str) else on
    found = link_public(from_frame(public)[0], train, fake, schema, names, holdout=holdout, seed=seed)
    return tuple(privacy.public_scores(found))


def _of_database(
    real: Database, synthetic: Any, holdout: Any, random_state: int, measures: str | Sequence[str]
) -> Report:
    from likewise.evaluate.databases.gather import evaluate_database

    others = [None if other is None else as_database(other, real.schema) for other in (synthetic, holdout)]
    if others[0] is None or (holdout is not None and others[1] is None):
        raise InputError("the real one is a database, the others are not all; give databases throughout")
    chosen = chosen_measures(measures)
    return evaluate_database(real, others[0], holdout=others[1], random_state=random_state, measures=chosen)


def _of_windows(real: WindowSet, synthetic: Any, holdout: Any, random_state: int) -> Report:
    drawn = as_windows(synthetic, in_order=True)
    fresh = None if holdout is None else as_windows(holdout, in_order=True)
    if drawn is None or (holdout is not None and fresh is None):
        raise InputError("the real ones are windows, the others are not all; give windows throughout")
    require_torch()
    return evaluate_windows(real, drawn, holdout=fresh, random_state=random_state)


def _of_images(real: ImageSet, synthetic: Any, holdout: Any, random_state: int, show_real: bool) -> Report:
    require_torch()
    from likewise.evaluate.images.gather import evaluate_images

    others = {"synthetic": as_images(synthetic), "holdout": None if holdout is None else as_images(holdout)}
    if others["synthetic"] is None or (holdout is not None and others["holdout"] is None):
        raise InputError("the real ones are images, the others are not all; give images throughout")
    return evaluate_images(
        real, others["synthetic"], holdout=others["holdout"], random_state=random_state, show_real=show_real
    )


def _check_no_table_options(why: str, **options: Any) -> None:
    """Raise OptionError for an option that says nothing of what is no table."""
    usual: dict[str, tuple[Any, ...]] = {"learner": ("auto",), "measures": ("standard", "all")}
    for name, value in options.items():
        if not any(value is plain or value == plain for plain in usual.get(name, (None,))):
            raise OptionError(f"{name} is for tables; {why}")


def evaluate_tables(
    train: pl.DataFrame,
    synthetic: pl.DataFrame,
    schema: Schema,
    *,
    holdout: pl.DataFrame | None = None,
    target: str | None = None,
    random_state: int = 0,
    learner: str = "auto",
    measures: str | Sequence[str] = "standard",
    by: str | None = None,
    entity: str | bool | None = None,
    time: str | bool | None = None,
    whole: Whole | None = None,
) -> Report:
    """`evaluate` for canonical frames (see `likewise.schema.parse`): a function of its arguments alone.

    Args:
        whole: counts of all rows, where the frames are samples of tables that are not held.
    """
    chosen = chosen_measures(measures)
    learner_name(learner)
    schema = _with_entity(schema, entity)
    frames = {"real": train, "synthetic": synthetic} | ({} if holdout is None else {"holdout": holdout})
    for role, frame in frames.items():
        check_columns(frame, schema, role)
        if frame.height == 0:
            raise InputError(f"the {role} table has no rows; give at least one")
    if not any(c.is_modelled for c in schema):
        raise InputError("no column to compare: all are ids or dropped; give another one the role 'feature'")
    target = next((c.name for c in schema if c.role is Role.TARGET), None) if target is None else target
    for name, what in ((target, "target"), (by, "column of groups")):
        _check_known(name, what, schema)
    run = Context(
        schema, frames, target, by, random_state, learner, chosen, time=checked_time(time, schema), whole=whole
    )
    if entity is None or entity is True:
        _tell_of_entity(run.notes, train, schema)
    # Products of matrices are many and small here: shared by two threads they wait for each other longer than they
    # work, and what they are rounded to hangs on how many share them.
    with threadpool_limits(1, user_api="blas"):
        return _report(run)


def _rule_scores(schema: Schema, tables: Mapping[str, pl.DataFrame]) -> Iterable[RuleScore]:
    """How real and synthetic rows keep the rules that a schema names."""
    real, fake = tables["real"], tables["synthetic"]
    seen = pl.concat([real, tables["holdout"].select(real.columns)]) if "holdout" in tables else real
    of_real = shares_of(schema.rules, schema, real)
    for rule, share in shares_of(schema.rules, schema, fake, seen).items():
        yield RuleScore(rule=rule, real=of_real[rule], synthetic=share)


def _with_entity(schema: Schema, entity: str | bool | None) -> Schema:
    """The schema with `entity` as the column that tells whose a row is: as it is for None, with none for False."""
    if entity is None or entity is True or schema.entity == entity:
        return schema
    if entity and entity not in schema:
        raise OptionError(f"entity names column {entity!r}, which the table lacks{nearest(entity, schema.names)}")
    if schema.entity is not None:
        is_key = schema[schema.entity].kind is Kind.ID
        schema = schema.replace(schema.entity, role=Role.ID if is_key else Role.FEATURE)
    return schema.replace(entity, role=Role.ENTITY) if entity else schema


def _check_known(name: str | None, what: str, schema: Schema) -> None:
    names = [c.name for c in schema if c.is_modelled]
    if name is not None and name not in names:
        near = get_close_matches(name, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise OptionError(f"the {what} {name!r} is not a column that is compared{hint}")


def _tell_of_entity(notes: list[str], train: pl.DataFrame, schema: Schema) -> None:
    """Whose the rows are, where only the rows told it, or where nobody said it although they tell it."""
    name, suspect = schema.entity, likely_entity(train, schema)
    if name is not None and "role" in schema[name].found:
        notes.append(
            f"Column {name!r} repeats as the key of an entity does and was taken for one: name it, if so, as entity."
        )
    if suspect is not None:
        notes.append(
            f"Column {suspect.column!r} repeats as the key of an entity does: people with many rows were not protected."
        )


def _report(run: Context) -> Report:
    if run.holdout is None:
        run.notes.append(
            "No holdout was given: floors come from the real rows split in two, and the attacks which need real "
            "rows unknown to the generator were not made."
        )
    asked = run.measures
    _tell_of_placeholders(run)
    fit, floor, floor_by = fidelity.measure(run)
    detection = fidelity.detection(run) if "detection" in asked else None
    models = utility.standard(run) if asked & {"utility", "models"} or run.by is not None else None
    guessed: list[Guessed] = []
    scores: list[Score] = [*fidelity.marginal_scores(run, fit, floor, floor_by)]
    scores += [*places.place_scores(run), *texts.text_scores(run)]
    told = histories.Told.of(run)
    if told is not None:
        scores += histories.likeness_scores(told)
    if "accuracy" in asked:
        scores += fidelity.accuracy_scores(run)
    if "joint" in asked:
        scores += fidelity.joint_scores(run)
    if detection is not None:
        scores.append(fidelity.detection_score(run, detection))
    if told is not None and "detection" in asked:
        scores += histories.detection_score(told)
    if models is not None and "utility" in asked:
        scores += utility.standard_scores(run, models)
    if told is not None and "utility" in asked:
        scores += histories.utility_scores(told)
    if models is not None and "models" in asked:
        scores += utility.model_scores(run, models)
    if "targets" in asked:
        scores += utility.target_score(run)
    if "attacks" in asked:
        fresh_copies, copied = privacy.copy_scores(run)
        scores += [*copied, *privacy.class_scores(run), *places.nearest_scores(run), *texts.copy_scores(run)]
        if run.holdout is not None:
            found, guessed = privacy.attacks(run, fresh_copies)
            scores += found
        if told is not None:
            scores += histories.attack_scores(told)
    floors = {(p.a, p.b): p.gap for p in floor.pairs}
    worst = [replace(p, floor=floors.get((p.a, p.b))) for p in _worst(fit.pairs)]
    pairs = with_links(worst, run.train, run.synthetic, rng=run.rng(32))
    if run.whole is not None:
        scores = [run.whole.said(score) for score in scores]
    return Report(
        scores=tuple(s for s in scores if not math.isnan(s.value)),
        columns=tuple(_column_scores(run, fit, floor, detection, guessed)),
        pairs=with_grids(pairs, run.train, run.synthetic, rng=run.rng(8)),
        subgroups=() if run.by is None else tuple(subgroup_scores(run, models)),
        data=_facts(run, fit),
        notes=tuple(run.notes),
        versions=_versions(run.learner),
        histories=None if told is None else histories.shown(told),
    )


def _column_scores(
    run: Context, fit: Fidelity, floor: Fidelity, detection: Detection | None, guessed: Sequence[Guessed]
) -> Iterable[ColumnScore]:
    secrets = {g.column: g for g in guessed}
    missing = fidelity.missing_shares(run)
    for i, (real, fake) in enumerate(zip(run.train.columns, run.synthetic.columns, strict=True)):
        secret = secrets.get(real.name)
        yield ColumnScore(
            name=real.name,
            kind=str(real.kind),
            error=finite(fit.columns[i]),
            floor=finite(floor.columns[i]),
            missing_real=round(float(missing[0][i]), 4),
            missing_synthetic=round(float(missing[1][i]), 4),
            mean_real=_moment(real, np.mean),
            mean_synthetic=_moment(fake, np.mean),
            deviation_real=_moment(real, np.std),
            deviation_synthetic=_moment(fake, np.std),
            tells=None if detection is None else round(detection.tells[i], 4),
            guessed=None if secret is None else round(secret.risk.value, 4),
            guessed_floor=None if secret is None else round(secret.risk.floor, 4),
            guessed_interval=None if secret is None else secret.risk.interval,
            guessed_by_others=None if secret is None else round(secret.by_others, 4),
            picture=picture(real, fake, run.train.persons),
            **column_details(real, fake),
        )


def _tell_of_placeholders(run: Context) -> None:
    """Note columns whose synthetic texts say that they are none."""
    for column in run.schema:
        if column.kind is Kind.TEXT and column.is_modelled:
            texts = run.frames["synthetic"][column.name].drop_nulls().cast(pl.String)
            share = texts.str.contains(PLACEHOLDER).mean()
            if isinstance(share, float) and share > MOSTLY:
                run.notes.append(
                    f"Column {column.name!r}: {share:.1%} of the synthetic texts are placeholders, which say that they "
                    "are none."
                )


def _facts(run: Context, fit: Fidelity) -> dict[str, Any]:
    return {
        "columns": len(run.modelled),
        "columns_left_out": [c.name for c in run.schema if not c.is_modelled],
        "pairs": fit.n_pairs,
        "pairs_measured": fit.n_measured,
        "target": run.target,
        "by": run.by,
        "entity": run.schema.entity,
        "time": run.time,
        "persons_real": run.train.n_persons,
        "persons_holdout": 0 if run.holdout is None else run.holdout.n_persons,
        **run.rows,
        "measures": sorted(run.measures),
        "random_state": run.seed,
    }


def _moment(column: TypedColumn, of: Any) -> float | None:
    """Mean or deviation of a number column, to four digits; nothing from fewer than five rows, nor for times."""
    if not column.is_number or column.dtype is not None or len(column.present) < 5:
        return None
    return float(f"{of(column.present):.4g}")


def _worst(pairs: tuple[PairScore, ...]) -> tuple[PairScore, ...]:
    return tuple(sorted(pairs, key=lambda p: -(p.gap or 0.0))[:MOST_PAIRS_KEPT])


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
