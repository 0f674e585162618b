"""Write the figures of benchmarks/results/ into the READMEs and pages of docs/, between their benchmark marks.

A figure stands on a page because a file of results says so; a test compares the two.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "main_job.json"
PROTOCOL = ROOT / "benchmarks" / "results" / "tabsyn.json"
FAMILY = ROOT / "benchmarks" / "results" / "family.json"
CHOOSE = "docs/choose.md"
MODELS = {"likewise": "**likewise**", "tabularargn": "TabularARGN", "cart": "CART"}
HEADS = {
    "docs/figures.md": "| table | model | fit s | rows/s | columns | pairs | told apart | prediction | membership | "
    "copies |",
    "docs/zh/figures.md": "| 表 | 模型 | 训练秒数 | 行/秒 | 单列 | 列对 | 真假分辨 | 预测 | 成员推断 | 复制 |",
}
NOTES = {
    "docs/figures.md": """\
A random fifth of each table is held out; every model learns the rest with its default settings and draws as many rows.
In brackets stands the floor: what the held-out real rows score. Columns and pairs (those that hang together) are
errors (0 is alike); told apart is the AUC of a classifier told to find the synthetic rows (0.5 is perfect); prediction
is the score of a model trained on synthetic rows and tested on real ones; membership is the AUC of an attack that
guesses from distance who was in the table (0.5 is a coin toss). TabularARGN is that of mostlyai-engine; CART is a chain
of decision trees, the method of synthpop. A blank was not measured, for the machine was not quiet.
Machine: {machine}; commit {commit}; made by `benchmarks/main_job.py`.
""",
    # Pieces, for a line break inside a Chinese paragraph would show as a blank.
    "docs/zh/figures.md": "每张表随机留出五分之一；每个模型都用默认设置学习其余的行，并生成同样多的行。"
    "括号中是基准，即留出的真实行的得分。单列与（相关的）列对是误差（0 为一致）；"
    "真假分辨是分类器辨认合成行的 AUC（0.5 为完美）；"
    "预测是用合成行训练、在真实行上测试的模型得分；成员推断是猜测谁在原表中的攻击的 AUC（0.5 等于掷硬币）。"
    "TabularARGN 取自 mostlyai-engine；CART 是决策树链，即 synthpop 的方法。空格为未测（机器当时不空闲）。"
    "机器：{machine}；提交 {commit}；由 `benchmarks/main_job.py` 得出。\n",
}

PROTOCOL_HEADS = {
    "README.md": "| table | values | columns | pairs | detection | learnt from the rows | nearer to those learnt |",
    "README.zh-CN.md": "| 表 | 数值 | 单列 | 列对 | 辨别 | 由合成行学到 | 更近于训练行 |",
}
PROTOCOL_KINDS = {
    "README.md": {"protected": "protected", "unprotected": "unprotected"},
    "README.zh-CN.md": {"protected": "受保护", "unprotected": "不保护"},
}
PROTOCOL_NOTES = {
    "README.md": """\
The protocol of most papers since 2024 (TabSyn), one seed, at the default's settings; *protected* hides the values of
single people. Columns and pairs are errors in percent: ours (two real halves, the best published). Detection: ours (the
best published; 1 where XGBoost cannot tell). Learnt: AUC, for beijing RMSE (real rows, best published). Nearer: 50 % is
no memory. What it cannot see, and where the default is behind: [docs/protocol.md](docs/protocol.md).
Machine: {machine}; commit {commit}; made by `benchmarks/tabsyn.py`.
""",
    "README.zh-CN.md": "2024 年以来多数论文所用的协议（TabSyn），单个随机种子，默认设置；“受保护”隐藏单个人的数值。"
    "单列与列对为百分比误差：本工具（两半真实数据、已发表最佳）。辨别：本工具（已发表最佳；XGBoost 分不出时为 1）。"
    "由合成行学到：AUC，beijing 为 RMSE（真实行、已发表最佳）。更近于训练行：50 % 即无记忆。"
    "此协议看不到什么、默认模型在何处落后：[docs/protocol.md](docs/protocol.md)（英文）。"
    "机器：{machine}；提交 {commit}；由 `benchmarks/tabsyn.py` 得出。\n",
}

FAMILY_HEAD = (
    "| model | fit s | rows/s | columns | pairs | told apart | prediction | membership | levels | label | balanced |\n"
    "| --- |" + " ---: |" * 10
)
RIVALS = {
    "sdv-tvae": "SDV TVAE",
    "sdv-ctgan": "SDV CTGAN",
    "sdv-copula": "SDV Gaussian copula",
    "cart": "CART as synthpop has it",
    "tabularargn": "TabularARGN",
}
FAMILY_NOTE = """\
In bold, models of likewise; *told* means that the target was given in `condition_on`. Every model learns four fifths of
the rows with its default settings and draws as many. In brackets stands the floor: what the held-out fifth scores.
Columns and all pairs of columns are errors (0 is alike); told apart is the AUC of a classifier told to find the
synthetic rows (0.5 is perfect); prediction is the score of a model trained on synthetic rows and tested on real ones;
membership is the AUC of an attack that guesses who was in the table (0.5 is a coin toss); levels is the share of the
real levels with five rows or more that were drawn; label is the share of the rows drawn for a class that have it;
balanced is prediction learnt from a table of which each class is one half. A blank was not measured.
Machine: {machine}; commit {commit}; made by `benchmarks/{script}`.
"""


def line(row: dict[str, Any]) -> str:
    """One line of the table."""
    drawn = row.get("rows_per_second") or row["rows"] / row.get("sample_s", float("inf"))
    utility = next((row[name] for name in row if name.startswith("tstr")), None)
    cells = [
        row["data"],
        MODELS.get(row["model"], row["model"]),
        f"{row['fit_s']:.1f}" if "fit_s" in row else "",  # left out where the machine was busy
        f"{float(f'{drawn:.2g}'):,.0f}" if drawn else "",
        *(beside(score_of(row, name)) for name in ("shape", "trend_linked", "c2st")),
        beside(utility),
        beside(row.get("membership")),
        beside(row.get("copies"), percent=True),
    ]
    return f"| {' | '.join(cells)} |"


def score_of(row: dict[str, Any], name: str) -> Any:
    """A score of a row; of pairs by the rules of sdmetrics, which older results call by the plain name."""
    return row.get(f"sdmetrics_{name}", row.get(name))


def beside(score: dict[str, Any] | None, *, percent: bool = False) -> str:
    """A figure, and its floor in brackets."""
    texts = [f"{x:.2%}" if percent else f"{x:.3f}" for x in (score or {}).values() if isinstance(x, float | int)]
    return " ".join((texts[0], *(f"({text})" for text in texts[1:2]))) if texts else ""


def section(page: str) -> str:
    """The main job's table for a page of figures; nothing while there are no results."""
    if not RESULTS.exists():
        return ""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    lines = [line(row) for row in results["rows"] if "shape" in row]
    if not lines:
        return ""
    machine = f"{results['machine']['processor']}, {results['machine']['cores']} cores"
    rule = "| --- | --- |" + " ---: |" * 8
    note = NOTES[page].format(machine=machine, commit=", ".join(sorted({row["commit"] for row in results["rows"]})))
    key = "note_zh" if "zh" in page else "note"
    remarks = [f"- {row['data']}, {MODELS[row['model']]}: {row[key]}." for row in results["rows"] if key in row]
    return "\n".join(("", HEADS[page], rule, *lines, "", note, *remarks, ""))


def protocol_section(page: str) -> str:
    """The table of the published protocol: ours beside two real halves, and beside the best of the papers."""
    results = json.loads(PROTOCOL.read_text(encoding="utf-8"))
    lines = [
        protocol_line(row, PROTOCOL_KINDS[page]) for row in results["results"] if row["kind"] in PROTOCOL_KINDS[page]
    ]
    machine = f"{results['machine']['processor']}, {results['machine']['cores']} cores"
    note = PROTOCOL_NOTES[page].format(machine=machine, commit=results["commit"])
    return "\n".join(("", PROTOCOL_HEADS[page], "| --- | --- |" + " ---: |" * 5, *lines, "", note))


def protocol_line(row: dict[str, Any], kinds: dict[str, str]) -> str:
    best = row["published"]
    cells = [
        row["data"],
        kinds[row["kind"]],
        *(f"{row[name]:.2f} ({row[f'{name}_floor']:.2f}, {best[name]:.2f})" for name in ("shape", "trend")),
        f"{row['xgb_detection']:.2f} ({best['xgb_detection']:.2f})",
        f"{row['mle']:.3f} ({row['mle_real']:.3f}, {best['mle']:.3f})",
        f"{row['dcr_share']:.1f} %",
    ]
    return f"| {' | '.join(cells)} |"


def family_section(results: dict[str, Any], script: str) -> str:
    """A table of every data set in the results, models of ours first, and what its columns mean."""
    rows = [row for row in results["rows"] if "shape" in row]
    if not rows:
        return ""
    parts = []
    for data in dict.fromkeys(row["data"] for row in rows):
        of_data = sorted((row for row in rows if row["data"] == data), key=lambda row: place(row["model"]))
        parts += ["", f"### {data}", "", FAMILY_HEAD, *map(family_line, of_data)]
        notes = [f"- {model_name(row['model'])}: {row['note']}." for row in of_data if "note" in row]
        parts += ["", *notes] if notes else []
    machine = f"{results['machine']['processor']}, {results['machine']['cores']} cores"
    commits = ", ".join(sorted({row["commit"] for row in rows}))
    return "\n".join((*parts, "", FAMILY_NOTE.format(machine=machine, commit=commits, script=script)))


def family_line(row: dict[str, Any]) -> str:
    """One model of the family or one rival; what was not measured stays blank."""
    drawn = row.get("rows_per_second") or row["rows"] / row.get("sample_s", float("inf"))
    cells = [
        model_name(row["model"]),
        f"{row['fit_s']:.1f}" if "fit_s" in row else "",
        f"{float(f'{drawn:.2g}'):,.0f}" if drawn else "",
        *(beside(score_of(row, name)) for name in ("shape", "trend", "c2st")),
        beside(next((row[name] for name in ("tstr_auc", "tstr_r2") if name in row), None)),
        *(beside(row.get(name)) for name in ("membership", "coverage")),
        f"{row['label_exactness']:.3f}" if "label_exactness" in row else "",
        beside(row.get("tstr_balanced")),
    ]
    return f"| {' | '.join(cells)} |"


def model_name(name: str) -> str:
    """What a row of results is called on a page."""
    if name in RIVALS:
        return RIVALS[name]
    own = name.removeprefix("likewise").removeprefix("-")
    kind = own.removesuffix("-told").removesuffix("told").removesuffix("-") or "autoregressive"
    return f"**{kind}**, told" if own.endswith("told") else f"**{kind}**"


def place(name: str) -> tuple[int, str]:
    """Where a model stands in a table: ours by name, the default first, then the rivals in their order."""
    if name in RIVALS:
        return 2 + list(RIVALS).index(name), ""
    return (0, "") if name == "likewise" else (1, name)


def made_section(page: str) -> str:
    """What stands between the marks of this page."""
    if page in PROTOCOL_HEADS:
        return protocol_section(page)
    if page != CHOOSE:
        return section(page)
    source = FAMILY if FAMILY.exists() else RESULTS
    return family_section(json.loads(source.read_text(encoding="utf-8")), f"{source.stem}.py")


def filled(page: str) -> str:
    """The page's text with its figures as the results have them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    made = f"<!-- benchmarks -->\n{made_section(page)}<!-- /benchmarks -->"
    return re.sub(r"<!-- benchmarks -->\n.*?<!-- /benchmarks -->", lambda _: made, text, flags=re.DOTALL)


if __name__ == "__main__":
    for name in (*PROTOCOL_HEADS, *HEADS, CHOOSE):
        (ROOT / name).write_text(filled(name), encoding="utf-8")
        print(name)
