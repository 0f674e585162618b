"""What an evaluation says, as plain data: scores beside their floors, a line per column, a line per pair.

Everything here is numbers and names, never a row. `Report` writes itself as JSON (with a format version), as a page
(`likewise.report.page`) and as a table in the terminal; none of these computes anything.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, TypeVar

from likewise import plots
from likewise.errors import InputError, nearest
from likewise.evaluate.databases import shown as databases
from likewise.evaluate.figure import Better, Figure, FloorKind, Group, Part, parts
from likewise.evaluate.histories.shown import Shown
from likewise.evaluate.measures import find
from likewise.evaluate.shown import Grid, Picture
from likewise.notebook import Frame
from likewise.rules.shares import Share

_T = TypeVar("_T")

CAUTION = (
    "The figures are computed on real rows without noise and are not differentially private, whatever the ledger says: "
    "they are for whoever holds the table."
)
REPORT_VERSION = 1
_HEAD = {"format": "likewise report", "version": REPORT_VERSION}

Standing = Literal["at", "worse", "ahead"]
GROUPS: tuple[Group, ...] = ("fidelity", "utility", "privacy")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One figure, and what is needed to believe it.

    Args:
        name: short name, such as "shape".
        group: what the figure is about.
        value: the figure, for the synthetic rows.
        better: which direction is better; "floor" where neither is, and the nearer to the floor the better.
        floor: the same figure for fresh real rows, as many as the synthetic ones. A perfect generator scores this.
        floor_by: where the floor comes from: "holdout" (real rows kept from the generator), "halves" (the real rows
            split in two, where no holdout was given), "train" (the generator's own rows), "theory" (an argument).
        copy: the same figure for a plain copy of the training rows, where that says something.
        interval: 95 % interval of the value.
        n: rows the value rests on.
        method: how it is measured, for who wants to repeat it.
        meaning: what it says, in one plain line.
        threat: for an attack, what the attacker is given.
        least_leak: for an attack, the smallest share of people (of rows, for copies), each given away with certainty,
            for which it would raise the alarm in four of five draws at these sizes. 1: only a leak of all would do.
        searched: share of the rows that were searched, where an attack searches rows; 1 is all.
        details: what more the words of the measure name, such as the learner.
    """

    name: str
    group: Group
    value: float
    better: Better
    floor: float | None = None
    floor_by: FloorKind | None = None
    copy: float | None = None
    interval: tuple[float, float] | None = None
    n: int
    method: str
    meaning: str
    threat: str | None = None
    least_leak: float | None = None
    searched: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, figure: Figure, *, floor_by: FloorKind | None = None, **details: Any) -> Score:
        """The figure with what the table of measures (`likewise.evaluate.measures`) says of it.

        Args:
            floor_by: where the floor comes from, for a measure whose floors come from here and there.
            details: what its words name beside the figure's own fields.

        Example:
            >>> score = Score.of("c2st", Figure(0.61, 500, 0.5, (0.58, 0.64)), learner="linear", against="holdout")
            >>> score.stands, score.text("label", "zh")
            ('worse', '真假可辨（AUC）')
        """
        measure = find(name)
        assert measure is not None, f"{name} is not in the table of measures"
        if figure.searched is not None and figure.searched < 1.0:
            details["searched"] = figure.searched
        blanks = {"n": figure.n, "rate": parts(name).rate, **details}
        method = measure.text("method", "en", blanks)
        assert method is not None, f"the words of {name} name more than {', '.join(blanks)}"
        floor = figure.floor if math.isfinite(figure.floor) else None
        return cls(
            name=name,
            group=measure.group,
            value=figure.value,
            better=measure.better,
            floor=floor,
            floor_by=None if floor is None else floor_by or measure.floor,
            copy=figure.copy,
            interval=None if math.isnan(figure.interval[0]) else figure.interval,
            n=figure.n,
            method=method,
            meaning=measure.text("meaning", "en", blanks) or "",
            threat=measure.text("threat", "en", blanks),
            least_leak=figure.least_leak,
            searched=figure.searched,
            details=details,
        )

    def saying(self, **more: Any) -> Score:
        """The score with more that the words of its method name.

        Example:
            >>> score = Score.of("copies", Figure(0.0, 9)).saying(counted=9, counted_real=12)
            >>> score.method.endswith("; counted on all rows, 9 synthetic and 12 real ones")
            True
        """
        measure, details = find(self.name), {**self.details, **more}
        blanks = {"n": self.n, "rate": parts(self.name).rate, **details}
        method = None if measure is None else measure.text("method", "en", blanks)
        return replace(self, details=details, method=method or self.method)

    def text(self, part: Part, lang: str) -> str:
        """Its "label", "meaning", "method" or "threat" in "en" or "zh"; in English where there is no other."""
        measure, blanks = find(self.name), {"n": self.n, "rate": parts(self.name).rate, **self.details}
        own = "" if part == "label" else getattr(self, part) or ""
        if measure is None or (lang == "en" and own):
            return own
        return measure.text(part, lang, blanks) or own

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise InputError(f"score {self.name!r}: group must be one of {', '.join(GROUPS)}, got {self.group!r}")
        if self.better not in ("lower", "higher", "floor"):
            raise InputError(f"score {self.name!r}: better must be 'lower', 'higher' or 'floor', got {self.better!r}")

    @property
    def stands(self) -> Standing | None:
        """Where the figure stands beside its floor: "at" it, "worse", "ahead"; None where no interval can tell."""
        if self.floor is None or self.interval is None:
            return None
        low, high = self.interval
        if low <= self.floor <= high:
            return "at"
        return "worse" if self.better == "floor" or (low > self.floor) == (self.better == "lower") else "ahead"


@dataclass(frozen=True, kw_only=True)
class ColumnScore:
    """One column: how far apart real and synthetic stand.

    Args:
        error: Kolmogorov-Smirnov distance for numbers, total variation for levels, over present values; None
            where both tables hold nothing.
        floor: the same for fresh real rows.
        tells: what a classifier told to find the synthetic rows loses (AUC) when this column is shuffled.
        wasserstein: distance between the two distributions, in units of the real 1-99 % range (numbers).
        quantile_gap: mean distance of the nine deciles, in the same units (numbers).
        range_coverage: share of the real range that the synthetic values span (numbers; two digits).
        tail_low, tail_high: share of synthetic values beyond the real .001 and .999 quantiles; .001 is right.
        level_coverage: share of the real levels that occur among the synthetic rows.
        unseen: share of synthetic rows with a level that no real row has.
        guessed: share of training rows whose value here a neighbour among the synthetic rows gives away, knowing all
            other columns; `guessed_floor` the same for people the generator has not seen, `guessed_interval` the 95 %
            interval to hold against that floor, `guessed_by_others` what a neighbour among other real rows gives away.
    """

    name: str
    kind: str
    error: float | None
    floor: float | None = None
    missing_real: float = 0.0
    missing_synthetic: float = 0.0
    mean_real: float | None = None
    mean_synthetic: float | None = None
    deviation_real: float | None = None
    deviation_synthetic: float | None = None
    tells: float | None = None
    wasserstein: float | None = None
    quantile_gap: float | None = None
    range_coverage: float | None = None
    tail_low: float | None = None
    tail_high: float | None = None
    level_coverage: float | None = None
    unseen: float | None = None
    guessed: float | None = None
    guessed_floor: float | None = None
    guessed_interval: tuple[float, float] | None = None
    guessed_by_others: float | None = None
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class PairScore:
    """Two columns: how differently they hang together.

    Args:
        measure: "correlation" (Pearson, two numbers) or "contingency" (total variation, any other pair).
        error: half the difference of the correlations, or the total variation of the two tables of counts.
        gap: half the difference of the rank correlations, or the total variation with numbers cut at quantiles of the
            real table and rare levels pooled: where `error` cuts each table by its own range, one extreme value can
            move every bin. Read this one, compare the other.
        floor: `gap` for fresh real rows.
        real, synthetic: strength of the link: Pearson's r for two numbers, else Cramer's V (bias-corrected).
        linked: whether the two hang together in the real table (|r| > 0.4, or V > 0.3 as the trend counts it).
        rank_real, rank_synthetic: Spearman's rank correlation (two numbers).
        ratio_real, ratio_synthetic: correlation ratio: share of the number's variance between the levels, as a root.
        information_real, information_synthetic: mutual information in units of the lesser entropy, ten bins a column.
        grid: where the rows lie, for the pairs that differ most.
    """

    a: str
    b: str
    measure: Literal["correlation", "contingency"]
    error: float | None
    gap: float | None = None
    floor: float | None = None
    real: float | None = None
    synthetic: float | None = None
    linked: bool = False
    rank_real: float | None = None
    rank_synthetic: float | None = None
    ratio_real: float | None = None
    ratio_synthetic: float | None = None
    information_real: float | None = None
    information_synthetic: float | None = None
    grid: Grid | None = None


@dataclass(frozen=True, kw_only=True)
class SubgroupScore:
    """One level of a chosen column: are its rows served as well as the others?

    Args:
        level: the level; levels with few rows are left out.
        n_real, n_synthetic, n_test: rows of the group among training, synthetic and test rows.
        shape, trend: errors within the group, with what fresh real rows of it score (`*_floor`).
        utility: the standard utility measure, tested on the group's real rows; `utility_floor` after training on real
            rows; `interval` is the 95 % interval of `utility`.
        label_fidelity: for a class of images, the share that a net learnt from real ones takes for it;
            `label_fidelity_floor` of fresh real images of the class.
    """

    level: str
    n_real: int
    n_synthetic: int
    n_test: int = 0
    shape: float | None = None
    shape_floor: float | None = None
    trend: float | None = None
    trend_floor: float | None = None
    utility: float | None = None
    utility_floor: float | None = None
    interval: tuple[float, float] | None = None
    label_fidelity: float | None = None
    label_fidelity_floor: float | None = None


@dataclass(frozen=True, kw_only=True)
class ImageGrid:
    """Images to look at, a strip a class.

    Args:
        shows: "synthetic" images, "real" ones (only where the caller asked for them), or "closest": synthetic images
            above the training images they come closest to.
        labels: one text a strip.
        strips: one a label: images side by side, a PNG file in base64.
        size: height and width of one image.
        count: images in a strip, at most.
    """

    shows: Literal["synthetic", "real", "closest"]
    labels: tuple[str, ...]
    strips: tuple[str, ...]
    size: tuple[int, int]
    count: int

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.strips):
            raise InputError("a grid of images needs one label a strip")


@dataclass(frozen=True, kw_only=True)
class NoisyFit:
    """How far drawn rows are from one noisy table that a budget paid for. No real row is looked at for it.

    Args:
        columns: of the table: one, or two.
        distance: total variation between the share of the drawn rows and the noisy share of the real ones.
        noise: what noise and the chance of the draw would make of it, were both of one law.
        low, high: where 95 % of such distances would lie.
        cells: of the table.
    """

    columns: tuple[str, ...]
    distance: float
    noise: float
    low: float
    high: float
    cells: int

    @property
    def stands(self) -> Standing:
        """Where the distance stands: "at" what noise makes, "worse" (beyond it), "ahead" (rows follow the noise)."""
        return "at" if self.low <= self.distance <= self.high else "worse" if self.distance > self.high else "ahead"


@dataclass(frozen=True, kw_only=True)
class RuleScore:
    """One rule between columns, of those that the schema names.

    Args:
        rule: as text.
        real, synthetic: how the rows of each table keep it.
    """

    rule: str
    real: Share
    synthetic: Share


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of an evaluation. Compute it with `likewise.evaluate`.

    Args:
        scores: the figures, in reading order.
        columns, pairs: the tables behind `shape` and `trend` (the pairs that differ most, when there are many).
        subgroups: fidelity and utility per level of the column named in `data["by"]`, where one was asked for; of
            images, per class.
        images: images to look at, where images were evaluated.
        rules: how many rows keep each rule between columns that the schema names.
        histories: pictures and examples, where entities were measured as histories.
        database: what is shown of links and keys, where a database was evaluated; `tables` holds a report of each of
            its tables by itself.
        data: counts of rows and columns, the target; "kind" is "images" where images were evaluated.
        notes: what could not be measured and why, and what the reader must know, in plain words.
        versions: the software which computed it.
        ledger: what a budget of differential privacy was spent on (`likewise.dp.ledger.Ledger.to_dict`); empty where
            the synthetic rows keep none.
        noisy: the synthetic rows held against noisy tables that the budget paid for; they stay where all else is
            withheld.
    """

    scores: tuple[Score, ...]
    columns: tuple[ColumnScore, ...] = ()
    pairs: tuple[PairScore, ...] = ()
    subgroups: tuple[SubgroupScore, ...] = ()
    images: tuple[ImageGrid, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    noisy: tuple[NoisyFit, ...] = ()
    rules: tuple[RuleScore, ...] = ()
    histories: Shown | None = None
    database: databases.Shown | None = None
    tables: Mapping[str, Report] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Score:
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(f"no score {name!r}; there are {', '.join(s.name for s in self.scores) or 'none'}")

    def __contains__(self, name: object) -> bool:
        return any(score.name == name for score in self.scores)

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    def group(self, name: Group) -> tuple[Score, ...]:
        """The scores of the group of this name ("fidelity", "utility", "privacy"), in order."""
        return tuple(score for score in self.scores if score.group == name)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dicts, numbers and text; a figure that is not a number becomes None.

        Beside the ledger of a budget of privacy, figures taken from real rows carry a caution: no budget covers them.
        """
        cleaned: dict[str, Any] = dict(_HEAD)
        if self.ledger and not self.is_withheld:
            cleaned["caution"] = CAUTION
        cleaned |= _plain(asdict(self))
        return cleaned

    def to_json(self, path: str | os.PathLike[str] | None = None, *, indent: int | None = 2) -> str:
        """The report as JSON text; written to `path` as well when one is given. `indent` is in blanks."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Report:
        """The report that `to_dict` wrote. Raises InputError when it is none, or from a newer version."""
        if not isinstance(plain, Mapping) or plain.get("format") != "likewise report":
            raise InputError("this is not a likewise report: its 'format' must be 'likewise report'")
        if not isinstance(plain.get("version"), int) or plain["version"] > REPORT_VERSION:
            raise InputError(
                f"the report has format version {plain.get('version')!r}, this likewise reads up to {REPORT_VERSION}; "
                "upgrade likewise"
            )
        try:
            report = cls(
                scores=tuple(_build(Score, s) for s in plain["scores"]),
                columns=tuple(_build(ColumnScore, c) for c in plain.get("columns", ())),
                pairs=tuple(_build(PairScore, p) for p in plain.get("pairs", ())),
                subgroups=tuple(_build(SubgroupScore, g) for g in plain.get("subgroups", ())),
                images=tuple(_build(ImageGrid, g) for g in plain.get("images", ())),
                data=dict(plain.get("data", {})),
                notes=tuple(plain.get("notes", ())),
                versions=dict(plain.get("versions", {})),
                noisy=tuple(_build(NoisyFit, f) for f in plain.get("noisy", ())),
                rules=tuple(_build(RuleScore, r) for r in plain.get("rules", ())),
                histories=Shown.from_dict(plain["histories"]) if plain.get("histories") else None,
                database=databases.Shown.from_dict(plain["database"]) if plain.get("database") else None,
                tables={name: cls.from_dict(_HEAD | dict(one)) for name, one in plain.get("tables", {}).items()},
            )
        except (KeyError, TypeError) as error:
            raise InputError(f"the report is damaged: {type(error).__name__} while reading it") from error
        return report.with_ledger(plain["ledger"]) if plain.get("ledger") else report

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that `to_json` wrote.

        Args:
            text: that JSON.

        Raises:
            InputError: it is no such report, or of a newer version.
        """
        try:
            plain = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"the report is not JSON (line {error.lineno}, column {error.colno})") from error
        return cls.from_dict(plain)

    @property
    def is_of_images(self) -> bool:
        """Whether images were evaluated, not tables."""
        return self.data.get("kind") == "images"

    @property
    def is_withheld(self) -> bool:
        """Whether the figures were left out (`withheld`)."""
        return bool(self.data.get("withheld"))

    def withheld(self) -> Report:
        """This report without anything computed on real rows: what may be shown beside a differentially private table.

        What is left are facts of the synthetic table, the ledger, what was held against noisy tables, and the versions.
        """
        kept = {key: self.data[key] for key in ("kind", "rows_synthetic", "columns") if key in self.data}
        return Report(
            scores=(), data={**kept, "withheld": True}, versions=self.versions, ledger=self.ledger, noisy=self.noisy
        )

    def with_ledger(self, ledger: Mapping[str, Any]) -> Report:
        """This report with what a budget of differential privacy was spent on, as `Ledger.to_dict` gives it.

        Raises:
            InputError: it is no ledger.
        """
        parts = ("unit", "epsilon", "budget", "entries")
        if not isinstance(ledger, Mapping) or not all(part in ledger for part in parts):
            raise InputError(f"a ledger must hold {', '.join(parts)}")
        return replace(self, ledger=dict(ledger))

    def to_html(self, path: str | os.PathLike[str] | None = None, *, lang: str = "en", dp_only: bool = False) -> str:
        """The report as one self-contained page; written to `path` when one is given.

        Args:
            lang: "en" or "zh".
            dp_only: leave out all that is computed on real rows, for it is not differentially private.

        Raises:
            OutputError: the file cannot be written; what stood there is untouched.
        """
        from likewise.report.page import render

        html = render(self.withheld() if dp_only else self, lang=lang)
        if path is not None:
            write_text(path, html)
        return html

    def to_markdown(self, path: str | os.PathLike[str] | None = None, *, lang: str = "en") -> str:
        """The report as Markdown, for an issue, a README or a pull request; written to `path` as well.

        Args:
            lang: "en" or "zh".

        Example:
            >>> Report(scores=()).to_markdown().splitlines()[0]
            '# Synthetic data report'
        """
        from likewise.report.texts import to_markdown

        text = to_markdown(self, lang=lang)
        if path is not None:
            write_text(path, text)
        return text

    def show(self, *, lang: str = "en", height: int = 800) -> Frame:
        """The page in a frame, for a notebook: its scripts run and reach nothing outside of it.

        Args:
            lang: "en" or "zh".
            height: of the frame, in pixels.
        """
        return Frame(self.to_html(lang=lang), height)

    def plot(self, column: str | None = None, other: str | None = None) -> Any:
        """An Altair chart: of one column, of a pair, or of the figures beside their floors when none is named.

        Needs the extra `plot`. It shows what the page shows: bins, levels and cells of at least five real rows.

        Args:
            column: its name.
            other: the second column of a pair.

        Raises:
            InputError: there is no such column, or no picture of it, or of the pair.
            MissingExtraError: Altair is not installed.
        """
        if column is None:
            rows = [
                {"name": s.text("label", "en") or s.name, "value": s.value, "low": s.interval[0],
                 "high": s.interval[1], "side": "worse" if s.stands == "worse" else "as fresh real rows"}
                for s in self.scores if s.interval is not None and max(map(abs, s.interval)) <= 1
            ]  # fmt: skip
            return plots.intervals(rows, "Figures with their 95 % intervals", x="value")
        if other is None:
            picture = next((c.picture for c in self.columns if c.name == column), None)
            if picture is None:
                raise InputError(f"there is no picture of a column {column!r}{nearest(column, self._names)}")
            return plots.bars(picture.labels, picture.real, picture.synthetic, column)
        pair = next((p for p in self.pairs if {p.a, p.b} == {column, other}), None)
        if pair is None or pair.grid is None:
            raise InputError(
                f"there is no picture of {column!r} with {other!r}; only the pairs that differ most have one"
            )
        grid = pair.grid
        return plots.cells(grid.x, grid.y, grid.real, grid.synthetic, f"{pair.a} × {pair.b}")

    @property
    def _names(self) -> list[str]:
        return [c.name for c in self.columns]

    def summary_table(self, *, lang: str = "en") -> Any:
        """A Rich table of the scores beside their floors, for a terminal; `lang` is "en" or "zh"."""
        from likewise.report.terminal import summary_table

        return summary_table(self, lang=lang)

    def _repr_html_(self) -> str:
        from likewise.report.texts import report_card

        return report_card(self)

    def __repr__(self) -> str:
        figures = ", ".join(f"{s.name}={s.value:.4g}" for s in self.scores)
        return f"Report({figures})"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _build(kind: type[_T], plain: Mapping[str, Any]) -> _T:
    """A frozen dataclass from its dict. Unknown keys are left out, so that a later minor version can add some."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k in known}
    if isinstance(values.get("picture"), Mapping):
        values["picture"] = _build(Picture, values["picture"])
    if isinstance(values.get("grid"), Mapping):
        values["grid"] = _build(Grid, values["grid"])
    if kind is RuleScore:
        values |= {role: _build(Share, values[role]) for role in ("real", "synthetic")}
    if "value" in values and values["value"] is None:
        values["value"] = math.nan
    return kind(**values)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Text to a file, whole or not at all."""
    from likewise.tables.files import atomic_path

    with atomic_path(path) as beside:
        beside.write_text(text, encoding="utf-8")
