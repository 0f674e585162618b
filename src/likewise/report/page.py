"""The report as one HTML file that needs no network: style and script inline, pictures as SVG.

It shows summaries only: no real row, no exact distance to one, no bin or level with fewer than five real rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from likewise.evaluate.results import GROUPS, ColumnScore, Group, PairScore, Report, Score
from likewise.report import charts
from likewise.report.words import figure, label, meaning_of, method_of, threat_of, words

WORST_PAIRS = 12
LEAST_TELL = 0.003
LEADS: dict[Group, tuple[str, ...]] = {
    "fidelity": ("c2st", "trend", "shape"),
    "utility": ("tstr_auc", "tstr_r2"),
    "privacy": ("membership", "copies"),
}


def render(report: Report, *, lang: str = "en") -> str:
    """The whole page. Raises OptionError for a language that is not there."""
    text = words(lang)
    head = (
        f'<!doctype html><html lang="{"zh-Hans" if lang == "zh" else lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">"
        f"<title>{escape(text['title'])}</title><style>{_asset('page.css')}</style></head>"
    )
    body = (
        f'<body><a class="skip" href="#scores">{text["skip"]}</a>{_header(report, text)}<main>'
        f"{_summary(report, lang)}{_scores(report, lang)}{_columns(report, text)}{_links(report, text)}"
        f"{_method(report, lang)}</main>{_footer(report, text)}<script>{_asset('page.js')}</script></body></html>\n"
    )
    return head + body


def render_scores(report: Report, *, lang: str = "en") -> str:
    """The table of scores alone, for a notebook."""
    rows = "".join(
        f'<tr><td style="text-align:left">{escape(label(s.name, lang))}</td><td><b>{figure(s.name, s.value)}</b></td>'
        f"<td>{figure(s.name, s.floor)}</td><td>{_interval(s)}</td></tr>"
        for s in report.scores
    )
    text = words(lang)
    heads = "".join(f"<th>{text[h]}</th>" for h in ("measure", "value", "floor", "interval"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _asset(name: str) -> str:
    return (files("likewise.report") / name).read_text(encoding="utf-8")


def _header(report: Report, text: dict[str, str]) -> str:
    data = report.data
    facts = text["facts"].format(
        synthetic=f"{data.get('rows_synthetic', 0):,}",
        real=f"{data.get('rows_real', 0):,}",
        columns=data.get("columns", len(report.columns)),
    )
    if data.get("rows_holdout"):
        facts += text["facts_holdout"].format(holdout=f"{data['rows_holdout']:,}")
    return f'<header><h1>{text["title"]}</h1><p class="lead">{escape(facts)}</p></header>'


# --- summary and scores ----------------------------------------------------------------------------------------


def _summary(report: Report, lang: str) -> str:
    text = words(lang)
    cards = "".join(_summary_card(report, group, lang) for group in GROUPS)
    return (
        f'<section aria-label="{text["summary"]}"><div class="trio">{cards}</div>'
        f'<p class="notice">{escape(text["floor_legend"])} {escape(text["not_dp"])}</p></section>'
    )


def _summary_card(report: Report, group: Group, lang: str) -> str:
    text = words(lang)
    head = f'<div class="card"><h3>{text[group]}</h3><p class="soft">{text[f"{group}_question"]}</p>'
    lead = next((report[name] for name in LEADS[group] if name in report), None)
    if lead is None:
        return f"{head}<p>{escape(text.get(f'no_{group}', '–'))}</p></div>"
    stands = _stands(lead)
    verdict = f'<p class="stands {stands}">{escape(text[stands].format(n=f"{lead.n:,}"))}</p>' if stands else ""
    sentences = "".join(f"<p class='small'>{escape(s)}</p>" for s in _sentences(report, group, text))
    return (
        f'{head}<div class="big">{figure(lead.name, lead.value)}<small>{escape(label(lead.name, lang))}</small></div>'
        f"{charts.strip(lead, _strip_alt(lead, lang))}{verdict}{sentences}</div>"
    )


def _stands(score: Score) -> str | None:
    """Where a score stands beside its floor, said only where its interval can tell: at, worse, ahead."""
    if score.floor is None or score.interval is None:
        return None
    low, high = score.interval
    if low <= score.floor <= high:
        return "at"
    return "worse" if (low > score.floor) == (score.better == "lower") else "ahead"


def _sentences(report: Report, group: Group, text: dict[str, str]) -> Iterator[str]:
    if group == "fidelity":
        if "c2st" in report:
            yield text["say_fidelity"].format(c2st=round(100 * report["c2st"].value))
        if "shape" in report:
            yield _say(report["shape"], text["say_shape"])
        tells = sorted((c for c in report.columns if (c.tells or 0) > LEAST_TELL), key=lambda c: -(c.tells or 0))
        if "c2st" in report and _stands(report["c2st"]) == "worse" and tells:
            yield text["say_tells"].format(columns=", ".join(c.name for c in tells[:3]))
    elif group == "utility":
        yield from (_say(s, text["say_utility"]) for s in report.group("utility")[:1])
    else:
        yield from (_say(report[n], text[f"say_{n}"]) for n in ("membership", "copies") if n in report)
        if "membership" not in report:
            yield text["no_privacy"]


def _say(score: Score, sentence: str) -> str:
    low, high = score.interval or (None, None)
    return sentence.format(
        value=figure(score.name, score.value),
        floor=figure(score.name, score.floor),
        low=figure(score.name, low),
        high=figure(score.name, high),
    )


def _scores(report: Report, lang: str) -> str:
    text = words(lang)
    heads = ("measure", "", "value", "floor", "copy", "interval")
    head = "".join(f'<th scope="col">{escape(text[h]) if h else ""}</th>' for h in heads)
    rows = []
    for group in GROUPS:
        if report.group(group):
            rows.append(f'<tr class="group"><th scope="rowgroup" colspan="6">{text[group]}</th></tr>')
        rows += [_score_row(s, lang) for s in report.group(group)]
    return (
        f'<section aria-labelledby="scores"><h2 id="scores">{text["scores"]}</h2><div class="scroll">'
        f'<table class="stack"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div></section>'
    )


def _score_row(score: Score, lang: str) -> str:
    text = words(lang)
    cells = [
        ("value", figure(score.name, score.value), "value"),
        ("floor", figure(score.name, score.floor), ""),
        ("copy", "" if score.copy is None else figure(score.name, score.copy), ""),
        ("interval", _interval(score), "wide"),
    ]
    return (
        f'<tr><th scope="row">{escape(label(score.name, lang))}<small>{escape(meaning_of(score, lang))}</small></th>'
        f'<td data-label="">{charts.strip(score, _strip_alt(score, lang))}</td>'
        + "".join(f'<td class="{c}" data-label="{escape(text[k])}">{v}</td>' for k, v, c in cells)
        + "</tr>"
    )


def _strip_alt(score: Score, lang: str) -> str:
    text = words(lang)
    return (
        f"{label(score.name, lang)}: {text['value']} {figure(score.name, score.value)}, "
        f"{text['floor']} {figure(score.name, score.floor)}"
    )


def _interval(score: Score) -> str:
    return "" if score.interval is None else " – ".join(figure(score.name, end) for end in score.interval)


# --- columns ---------------------------------------------------------------------------------------------------


def _columns(report: Report, text: dict[str, str]) -> str:
    if not report.columns:
        return ""
    order = sorted(range(len(report.columns)), key=lambda i: -(report.columns[i].error or 0.0))
    rank = {i: place for place, i in enumerate(order)}
    cards = "".join(_column_card(report.columns[i], i, rank[i], text) for i in order)
    buttons = "".join(
        f'<button type="button" data-by="{by}" aria-pressed="{pressed}">{text[name]}</button>'
        for by, name, pressed in (
            ("rank", "by_error", "true"),
            ("name", "by_name", "false"),
            ("order", "by_order", "false"),
        )
    )
    return (
        f'<section aria-labelledby="columns"><h2 id="columns">{text["columns"]}</h2>'
        f'<p class="key"><span><i class="r"></i>{text["real"]}</span>'
        f'<span><i class="s"></i>{text["synthetic"]}</span></p>'
        f'<fieldset class="sort"><legend>{text["sort"]}</legend>{buttons}</fieldset>'
        f'<ol class="columns">{cards}</ol>'
        f"<details><summary>{text['numbers_table']}</summary>{_column_table(report, text)}</details></section>"
    )


def _column_card(column: ColumnScore, order: int, rank: int, text: dict[str, str]) -> str:
    picture, body = column.picture, f'<p class="under">{text["hidden"]}</p>'
    if picture is not None:
        alt = text["column_alt"].format(name=column.name, form=text[picture.form], error=_error(column.error))
        body = charts.histogram(picture, alt) if picture.form == "bins" else charts.bars(picture, alt)
    under = ""
    if column.missing_real or column.missing_synthetic:
        under = (
            f'<p class="under">{text["missing_real"]} {column.missing_real:.1%}, '
            f"{text['synthetic']} {column.missing_synthetic:.1%}</p>"
        )
    return (
        f'<li class="card" data-order="{order}" data-rank="{rank}" data-name="{escape(column.name)}">'
        f'<div class="top"><h3>{escape(column.name)}</h3><span title="{text["floor"]} {_error(column.floor)}">'
        f"{_error(column.error)}</span></div>{body}{under}</li>"
    )


def _column_table(report: Report, text: dict[str, str]) -> str:
    heads = ("column", "kind", "error", "floor", "missing_real", "missing_synthetic", "mean", "tells")
    head = "".join(f'<th scope="col">{text[h]}</th>' for h in heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(c.name)}</th><td>{escape(c.kind)}</td>'
        f"<td>{_error(c.error)}</td><td>{_error(c.floor)}</td>"
        f"<td>{c.missing_real:.1%}</td><td>{c.missing_synthetic:.1%}</td>"
        f'<td class="wide">{_means(c)}</td><td>{"–" if c.tells is None else f"{c.tells:.3f}"}</td></tr>'
        for c in report.columns
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _means(column: ColumnScore) -> str:
    if column.mean_real is None or column.mean_synthetic is None:
        return "–"
    return f"{column.mean_real:,.4g} → {column.mean_synthetic:,.4g}"


def _error(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


# --- pairs -----------------------------------------------------------------------------------------------------


def _links(report: Report, text: dict[str, str]) -> str:
    if not report.pairs:
        return ""
    every = [c.name for c in report.columns]
    names = charts.shown_columns(every, report.pairs)
    most = _error(max(p.gap or 0.0 for p in report.pairs))
    links = charts.link_matrix(names, report.pairs, text["matrix_alt"].format(n=len(names)))
    errors = charts.difference_matrix(names, report.pairs, text["difference_alt"].format(n=len(names), most=most))
    note = text["most_columns"].format(n=len(names), all=len(every)) if len(names) < len(every) else ""
    return (
        f'<section aria-labelledby="links"><h2 id="links">{text["links"]}</h2>'
        f'<p class="key"><span><i class="p"></i>{text["positive"]}</span>'
        f'<span><i class="m"></i>{text["negative"]}</span><span>{escape(note)}</span></p>'
        f'<div class="pair"><figure><figcaption>{text["strength"]}</figcaption>{links}</figure>'
        f"<figure><figcaption>{text['difference']} (0 – {most})</figcaption>{errors}</figure></div>"
        f"<details><summary>{text['worst_pairs']}</summary>{_pair_table(report.pairs, text)}</details></section>"
    )


def _pair_table(pairs: tuple[PairScore, ...], text: dict[str, str]) -> str:
    head = "".join(f'<th scope="col">{text[h]}</th>' for h in ("pair", "error", "real", "synthetic"))
    rows = "".join(
        f'<tr><th scope="row">{escape(p.a)} × {escape(p.b)}</th><td>{_error(p.gap)}</td>'
        f"<td>{_error(p.real)}</td><td>{_error(p.synthetic)}</td></tr>"
        for p in sorted(pairs, key=lambda p: -(p.gap or 0.0))[:WORST_PAIRS]
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


# --- method ----------------------------------------------------------------------------------------------------


def _method(report: Report, lang: str) -> str:
    text = words(lang)
    head = "".join(f'<th scope="col">{text[h]}</th>' for h in ("measure", "method", "threat"))
    rows = "".join(
        f'<tr><th scope="row">{escape(label(s.name, lang))}</th><td>{escape(method_of(s, lang))}</td>'
        f"<td>{escape(threat_of(s, lang))}</td></tr>"
        for s in report.scores
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    told = f'<h3>{text["notes"]}</h3><ul class="notes small">{notes}</ul>' if notes else ""
    return (
        f'<section aria-labelledby="method"><h2 id="method">{text["method"]}</h2>{told}<div class="scroll">'
        f'<table class="text small stack"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _footer(report: Report, text: dict[str, str]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    seed = report.data.get("random_state")
    parts = [f"{text['versions']}: {versions}"] * bool(versions) + [f"random_state {seed}"] * (seed is not None)
    return f"<footer>{escape('; '.join(parts))}</footer>"
