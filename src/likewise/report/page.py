"""The report as one HTML file that needs no network: style and script inline, pictures as SVG and Vega-Lite.

It shows summaries only: no real row, no exact distance to one, no bin, level or cell with fewer than five real rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from likewise.evaluate.figure import Group, parts
from likewise.evaluate.results import GROUPS, Report, Score
from likewise.report import charts
from likewise.report.advice import MARK, advice, alarms, giving_away, is_search
from likewise.report.bundle import asset, scripts
from likewise.report.columns import columns, guesses, subgroups
from likewise.report.databases import database
from likewise.report.histories import histories
from likewise.report.image_words import words_for
from likewise.report.images import classes, images
from likewise.report.ledger import ledger
from likewise.report.links import links
from likewise.report.markup import key, row, section, table
from likewise.report.noisy import noisy
from likewise.report.notes import note_in
from likewise.report.rules import rules
from likewise.report.score_words import figure, label, least_leak

LEADS: dict[Group, tuple[str, ...]] = {
    "fidelity": ("c2st", "db_c2st_agg", "trend", "shape", "frechet", "db_hop_1", "db_cardinality"),
    "utility": ("tstr_auc", "tstr_r2", "tstr_accuracy"),
    "privacy": ("membership", "copies", "image_membership", "image_copies", "db_membership", "db_subtrees"),
}
HEADS = ("measure", "", "value", "floor", "copy", "interval", "rows")


def render(report: Report, *, lang: str = "en") -> str:
    """The whole page. Raises OptionError for a language that is not there."""
    text = words_for(report, lang)
    if report.is_withheld:
        main = f'<p class="notice">{escape(text["withheld"])}</p>{noisy(report, text)}{ledger(report, text)}'
        return document(text["title"], f"{_header(report, text)}<main>{main}</main>{_footer(report, text)}", lang)
    of_images = report.is_of_images
    pairs = "" if of_images else links(report, text)
    parts = classes(report, text) if of_images else subgroups(report, text) + guesses(report, text)
    # Pictures first, then tables.
    sections = (
        f"{images(report, text)}{'' if of_images else columns(report, text)}{histories(report, text)}"
        f"{database(report, text, lang)}{pairs}{_prediction(report, lang)}{_scores(report, lang)}{rules(report, text)}"
        f"{parts}{noisy(report, text)}{ledger(report, text)}{_method(report, lang)}"
    )
    body = (
        f'<a class="skip" href="#scores">{text["skip"]}</a>{_header(report, text)}<main>'
        f"{_summary(report, lang)}{_contents(sections, text)}{sections}</main>{_footer(report, text)}"
        f"{scripts() if pairs else ''}"
        f"<script>{asset('page.js')}</script>"
    )
    return document(text["title"], body, lang, has_images=bool(report.images))


def document(title: str, body: str, lang: str, *, has_images: bool = False, has_script: bool = True) -> str:
    """A page with the house's style; its policy allows nothing from outside and no evaluated text."""
    pixels = "img-src data:; " if has_images else ""
    script = "; script-src 'unsafe-inline'" if has_script else ""
    return (
        f'<!doctype html><html lang="{"zh-Hans" if lang == "zh" else lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; {pixels}'
        f"style-src 'unsafe-inline'{script}\">"
        f"<title>{escape(title)}</title><style>{asset('page.css')}</style></head><body>"
        # A figure and its sign stay on one line.
        f"{re.sub(r'(?<=[0-9]) %', chr(160) + '%', body)}</body></html>\n"
    )


def _header(report: Report, text: dict[str, str]) -> str:
    data = report.data
    facts = text["withheld_facts" if report.is_withheld else "facts"].format(
        synthetic=f"{data.get('rows_synthetic', 0):,}",
        real=f"{data.get('rows_real', 0):,}",
        columns=data.get("columns", len(report.columns)),
        tables=data.get("tables", 1),
        size=data.get("image_size", ""),
    )
    if data.get("rows_holdout"):
        facts += text["facts_holdout"].format(holdout=f"{data['rows_holdout']:,}")
    return f'<header><h1>{text["title"]}</h1><p class="lead">{escape(facts)}</p></header>'


def _contents(sections: str, text: dict[str, str]) -> str:
    """A line of links to the sections there are."""
    heads = re.findall(r'<h2 id="([\w-]+)">(.*?)</h2>', sections)
    links = "".join(f'<a href="#{place}">{head}</a>' for place, head in heads)
    return f'<nav class="contents" aria-label="{text["contents"]}">{links}</nav>'


# --- summary and scores ----------------------------------------------------------------------------------------


def _summary(report: Report, lang: str) -> str:
    text = words_for(report, lang)
    cards = "".join(_summary_card(report, group, lang) for group in GROUPS)
    return (
        f'<section aria-label="{text["summary"]}"><div class="trio">{cards}</div>'
        f'<p class="now"><b>{text["now"]}</b> {escape(advice(report, lang))}</p>'
        f'<p class="notice">{escape(text["floor_legend"])} {escape(text["not_dp"])}</p></section>'
    )


def _summary_card(report: Report, group: Group, lang: str) -> str:
    text = words_for(report, lang)
    head = f'<div class="card"><h3>{text[group]}</h3><p class="soft">{text[f"{group}_question"]}</p>'
    lead = next((s for name in LEADS[group] for s in report.group(group) if parts(s.name).base == name), None)
    if lead is None:
        return f"{head}<p>{escape(text.get(_why_not(report, group), '–'))}</p></div>"
    stands = lead.stands
    # One figure stands for the group, so it must not call good what others of the group call bad.
    said = "at_but" if stands == "at" and any(s.group == group for s in alarms(report)) else stands
    verdict = f'<p class="stands {stands}">{escape(text[said].format(n=f"{lead.n:,}"))}</p>' if said else ""
    sentences = "".join(f"<li>{escape(s)}</li>" for s in _sentences(report, group, lang))
    return (
        f'{head}<div class="big">{figure(lead.name, lead.value)}<small>{escape(label(lead.name, lang))}</small></div>'
        f"{charts.strip(lead, _strip_alt(lead, text, lang))}{verdict}"
        f"<ul class='small'>{sentences}</ul>{_found(report, group, lang)}</div>"
    )


def _sentences(report: Report, group: Group, lang: str) -> Iterator[str]:
    text, names = words_for(report, lang), [s.name for s in report.scores]
    if group == "fidelity":
        if "c2st" in report:
            yield text["say_fidelity"].format(c2st=round(100 * report["c2st"].value))
        if "shape" in report:
            yield _say(report["shape"], text["say_shape"])
        if tells := giving_away(report):
            yield text["say_tells"].format(columns=", ".join(c.name for c in tells[:3]))
        yield from _say_database(report, text)
        yield from (_say(report[n], text[f"say_{n}"]) for n in ("frechet", "label_fidelity") if n in report)
    elif group == "utility":
        yield from (_say(s, text["say_utility"]) for s in report.group("utility")[:1])
    else:
        yield from (_say(report[n], text[f"say_{n}"]) for n in LEADS["privacy"] if n in report and f"say_{n}" in text)
        yield from _say_attacks(report, text)
        if not any("membership" in name for name in names):
            yield text[_why_not(report, "privacy")]


def _say_database(report: Report, text: dict[str, str]) -> Iterator[str]:
    must_hold = [s for s in report.scores if "broken" in s.details]
    if must_hold:
        broken, every = (f"{n:,}" for n in (sum(s.details["broken"] for s in must_hold), sum(s.n for s in must_hold)))
        yield text["say_links"].format(broken=broken, all=every)
    if "db_c2st_agg" in report:
        told, rewired = report["db_c2st_agg"].value, report["db_c2st_agg"].details["rewired"]
        yield text["say_agg"].format(c2st=round(100 * told), rewired=round(100 * rewired))


def _why_not(report: Report, group: Group) -> str:
    """The key of the words that say why a group has no figure, or privacy no attack."""
    measure, given = {"privacy": ("attacks", "rows_holdout"), "utility": ("utility", "target")}.get(group, ("", ""))
    if measure and measure not in report.data.get("measures", (measure,)):
        return "unasked"
    return "left_out" if report.data.get(given) else f"no_{group}"


def _say_attacks(report: Report, text: dict[str, str]) -> Iterator[str]:
    tried = [s for s in report.scores if s.threat and s.stands]
    found = sum(s.stands == "worse" for s in tried)
    if not all(map(is_search, tried)):
        yield text["say_attacks" if found else "say_attacks_none"].format(tried=len(tried), found=found)


def _found(report: Report, group: Group, lang: str) -> str:
    """The figures of a group that are worse than fresh real rows, as a folded list."""
    worse = [s for s in alarms(report) if s.group == group]
    lines = "".join(f"<li>{escape(label(s.name, lang))} <b>{figure(s.name, s.value)}</b></li>" for s in worse)
    head = f"{MARK} {len(worse)}: {words_for(report, lang)['alarm']}"
    return f'<details class="found"><summary>{head}</summary><ul class="small">{lines}</ul></details>' if worse else ""


def _say(score: Score, sentence: str) -> str:
    low, high = score.interval or (None, None)
    return sentence.format(
        value=figure(score.name, score.value),
        floor=figure(score.name, score.floor),
        low=figure(score.name, low),
        high=figure(score.name, high),
    )


def _scores(report: Report, lang: str) -> str:
    text = words_for(report, lang)
    bodies = []
    for group in GROUPS:
        scores = report.group(group)
        rows = "".join(_score_row(s, before, text, lang) for before, s in zip((None, *scores), scores, strict=False))
        if rows:
            title = f'<tr class="group"><th scope="rowgroup" colspan="{len(HEADS)}">{text[group]}</th></tr>'
            bodies.append(f"<tbody>{title}{rows}</tbody>")
    told = text["all_scores"].format(n=len(report.scores), worse=len(alarms(report)))
    figures = table((text[head] if head else "" for head in HEADS), bodies, kind="stack")
    return section("scores", text["scores"], _folded(told, figures))


def _folded(told: str, body: str) -> str:
    return f'<details class="fold"><summary>{told}</summary>{body}</details>'


def _score_row(score: Score, before: Score | None, text: dict[str, str], lang: str) -> str:
    """One line; what it means and what the attacker has are left out where the line before has said the same."""
    lines = [score.text("meaning", lang)] * (before is None or before.meaning != score.meaning)
    if score.threat and (before is None or before.threat != score.threat):
        lines.append(text["attacker"].format(threat=score.text("threat", lang)))
    lines += [least_leak(score, lang)] * (score.least_leak is not None)
    name = escape(label(score.name, lang))
    if lines:
        name = f"<details><summary>{name}</summary><small>{'<br>'.join(map(escape, lines))}</small></details>"
    is_alarm = score.stands == "worse"
    mark = f'<span role="img" aria-label="{text["alarm"]}">{MARK}</span> ' if is_alarm else ""
    cells = [
        (charts.strip(score, _strip_alt(score, text, lang)), ""),
        (mark + figure(score.name, score.value), "value worse" if is_alarm else "value"),
        (figure(score.name, score.floor), ""),
        ("" if score.copy is None else figure(score.name, score.copy), ""),
        (interval_text(score), "wide"),
        (f"{score.n:,}", "soft"),
    ]
    return row(name, *cells, labels=["", *(text[head] for head in HEADS[2:])])


def _prediction(report: Report, lang: str) -> str:
    """Bars: each measure of use, learnt from real rows and from synthetic ones."""
    text = words_for(report, lang)
    shown = [s for s in report.group("utility") if s.floor is not None and s.better == "higher"]
    if not shown:
        return ""
    top = max(1.0, *(max(s.value, s.floor or 0.0) for s in shown))
    items = []
    for s in shown:
        real, synthetic = figure(s.name, s.floor), figure(s.name, s.value)
        alt = text["prediction_alt"].format(name=label(s.name, lang), real=real, synthetic=synthetic)
        items.append(charts.paired_bars(s, (label(s.name, lang), real, synthetic, alt), top))
    sides = key(text, (("r", "from_real"), ("s", "from_synthetic")))
    return section("prediction", text["prediction"], sides, f'<ul class="prediction">{"".join(items)}</ul>')


def _strip_alt(score: Score, text: dict[str, str], lang: str) -> str:
    name = score.name
    told = f" {text[score.stands].format(n=f'{score.n:,}')}" if score.stands else ""
    beside = f"{text['value']} {figure(name, score.value)}, {text['floor']} {figure(name, score.floor)}"
    return f"{label(name, lang)}: {beside}.{told}"


def interval_text(score: Score) -> str:
    return "" if score.interval is None else " – ".join(figure(score.name, end) for end in score.interval)


# --- method ----------------------------------------------------------------------------------------------------


def _method(report: Report, lang: str) -> str:
    text = words_for(report, lang)
    rows = (row(escape(label(s.name, lang)), escape(s.text("method", lang))) for s in report.scores)
    notes = "".join(f"<li>{escape(note_in(note, lang))}</li>" for note in report.notes)
    told = f'<h3>{text["notes"]}</h3><ul class="notes small">{notes}</ul>' if notes else ""
    methods = table((text["measure"], text["method"]), rows, kind="text small stack")
    return section("method", text["method"], told, _folded(text["method_table"], methods))


def _footer(report: Report, text: dict[str, str]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    seed = report.data.get("random_state")
    parts = [f"{text['versions']}: {versions}"] * bool(versions) + [f"random_state {seed}"] * (seed is not None)
    parts += [text["charts_by"]] * bool(report.pairs)
    return f"<footer>{escape('; '.join(parts))}</footer>"
