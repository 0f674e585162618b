"""What the pages of the site are given beside their text: the reference from docstrings, charts of results, llms.txt.

Docstrings are Markdown with Google's sections, so they are put there as Markdown. Their examples are run by the tests.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import likewise

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = "Args|Returns|Raises|Yields|Example|Examples|Shape"

# ---- the reference ---------------------------------------------------------------------------------------------------


class Public(SphinxDirective):
    """Public names of likewise, or all of a room such as `likewise.balance`, as their docstrings tell of them."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        names = [name for word in self.arguments[0].split() for name in listed(word)]
        return self.parse_text_to_nodes("\n\n".join(markdown(name) for name in names))


def listed(word: str) -> list[str]:
    """The full names that a word of the directive stands for."""
    if not word.startswith("likewise."):
        return [f"likewise.{word}"]
    return [f"{word}.{name}" for name in import_module(word).__all__ if not documented_above(word, name)]


def documented_above(room: str, name: str) -> bool:
    value = getattr(import_module(room), name)
    return not callable(value) or getattr(likewise, name, None) is value


def markdown(full_name: str) -> str:
    """A class with its methods, or a function."""
    room, name = full_name.rsplit(".", 1)
    value = likewise.load if full_name == "likewise.load" else getattr(import_module(room), name)
    if not inspect.isclass(value):
        return described("py:function", full_name, value, value.__doc__)
    members = "\n\n".join(described(kind, own, member, doc, depth=4) for kind, own, member, doc in members_of(value))
    kind = "py:exception" if issubclass(value, BaseException | Warning) else "py:class"
    return described(kind, full_name, value, value.__doc__, members)


def members_of(value: type) -> Iterator[tuple[str, str, Any, str | None]]:
    """Methods and properties of ours that have a docstring: kind, name, the member, its docstring."""
    for name in sorted(dir(value)):
        home = next((base for base in value.__mro__ if name in vars(base)), object)
        member = vars(home).get(name)
        if name.startswith("_") or not home.__module__.startswith("likewise."):
            continue
        if isinstance(member, property) and member.__doc__:
            yield "py:property", name, None, member.__doc__
        elif isinstance(member, staticmethod | classmethod) and member.__doc__:
            yield "py:method", name, getattr(value, name), member.__doc__
        elif inspect.isfunction(member) and member.__doc__:
            yield "py:method", name, member, member.__doc__


def described(kind: str, name: str, value: Any, doc: str | None, members: str = "", depth: int = 5) -> str:
    fence = ":" * depth
    signature = "" if value is None or kind == "py:exception" else signature_of(value, kind)
    return f"{fence}{{{kind}}} {name}{signature}\n\n{readable(doc or '')}\n\n{members}\n{fence}"


def signature_of(value: Any, kind: str) -> str:
    """Names and plain defaults; types are told under Args."""
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return "()"
    if kind == "py:method" and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    shown, starred = [], False
    for one in parameters:
        if one.kind is one.VAR_POSITIONAL:
            starred = True
        elif one.kind is one.KEYWORD_ONLY and not starred:
            shown.append("*")
            starred = True
        prefix = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        plain = one.default is None or isinstance(one.default, str | int | float)
        default = "" if one.default is one.empty else f"={one.default!r}" if plain else "=..."
        shown.append(f"{prefix}{one.name}{default}")
    return f"({', '.join(shown)})"


def readable(doc: str) -> str:
    """A docstring with Google's sections as Markdown.

    >>> print(readable("Draw.\\n\\nArgs:\\n    n: how many,\\n        at least 1."))
    Draw.
    <BLANKLINE>
    **Args**
    <BLANKLINE>
    - `n`: how many, at least 1.
    """
    parts = re.split(rf"^({SECTIONS}):[ ]*$", inspect.cleandoc(doc), flags=re.MULTILINE)
    out = [with_examples(parts[0])]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        inner, rest = (*re.split(r"\n(?=\S)", body.strip("\n"), maxsplit=1), "")[:2]
        inner = inspect.cleandoc("\n" + inner)
        out += [f"**{title}**", with_examples(inner) if title not in ("Args", "Raises") else entries(inner)]
        out += [with_examples(rest)]
    return "\n\n".join(part.strip("\n") for part in out if part.strip())


def entries(text: str) -> str:
    lines = []
    for entry in re.split(r"\n(?=\S)", text):
        name, colon, told = " ".join(entry.split()).partition(": ")
        lines.append(f"- `{name}`: {told}" if colon else f"- {name}")
    return "\n".join(lines)


def with_examples(text: str) -> str:
    """Each paragraph that begins with a prompt as code."""
    parts = re.split(r"\n\s*\n", text.strip("\n"))
    return "\n\n".join(f"```pycon\n{part}\n```" if part.lstrip().startswith(">>>") else part for part in parts)


# ---- charts of results -----------------------------------------------------------------------------------------------


class Chart(Directive):
    """Models of a data set of benchmarks/results/family.json: how far they are told apart, beside what they leak."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        rows = json.loads((ROOT / "benchmarks/results/family.json").read_text(encoding="utf-8"))["rows"]
        of = [
            row
            for row in rows
            if row["data"] == self.arguments[0] and "membership" in row and "told" not in row["model"]
        ]
        points = [(row["model"], row["c2st"]["value"], row["membership"]["value"]) for row in of]
        return [nodes.raw("", chart(points), format="html")]


def chart(points: list[tuple[str, float, float]]) -> str:
    """An SVG with a dot a model; the lower left corner is where a perfect generator lies."""
    width, height, left, top, bottom = 640, 380, 60, 40, 50
    wide, tall = max(x for _, x, _ in points) - 0.5, max(0.06, max(y for _, _, y in points) - 0.495)

    def at(x: float, y: float) -> tuple[float, float]:
        across = left + (x - 0.5) / wide * (width - left - 130)
        return round(across, 1), round(height - bottom - (y - 0.495) / tall * (height - top - bottom), 1)

    (x0, y0), (x1, y1) = at(0.5, 0.495), at(0.5 + wide, 0.495 + tall)
    shapes = [f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y0}"/><line x1="{x0}" y1="{y0}" x2="{x0}" y2="{y1}"/>']
    shapes += [f'<text x="{at(v, 0.495)[0] - 8}" y="{y0 + 16}">{v:.1f}</text>' for v in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
               if v <= 0.5 + wide]  # fmt: skip
    shapes += [f'<text x="{x0 - 34}" y="{at(0.5, v)[1] + 4}">{v:.2f}</text>' for v in (0.5, 0.52, 0.54, 0.56, 0.58)
               if v <= 0.495 + tall]  # fmt: skip
    # Left and right end and height of what no label may cover: the dots, and the labels before it.
    taken = [(at(x, y)[0] - 6, at(x, y)[0] + 6, at(x, y)[1] + 4) for _, x, y in points]
    for model, x, y in sorted(points, key=lambda point: point[1]):
        across, down = at(x, y)
        name = "autoregressive" if model == "likewise" else model.removeprefix("likewise-")
        kind = "ours" if model.startswith("likewise") else "other"
        end = across + 12 + 7 * len(name)
        shifts = (shift * sign for shift in range(0, 100, 4) for sign in (1, -1))
        beside = next(
            down + 4 + shift
            for shift in shifts
            if not any(a < end and across + 8 < b and abs(down + 4 + shift - level) < 12 for a, b, level in taken)
        )
        taken.append((across + 8, end, beside))
        shapes.append(f'<circle class="{kind}" cx="{across}" cy="{down}" r="5"><title>{name}: {x:.3f}, {y:.3f}</title>'
                      f'</circle><text x="{across + 8}" y="{beside}">{name}</text>')  # fmt: skip
    shapes += [f'<text x="{x0}" y="{height - 12}">told apart from real rows (AUC; .5 is perfect)</text>',
               f'<text x="{x0 - 34}" y="{top - 26}">membership (AUC; .5 is a coin toss)</text>']  # fmt: skip
    title = "Models by how far their rows are told apart, and by what an attack on membership finds"
    return f'<svg class="chart" viewBox="0 0 {width} {height}" role="img"><title>{title}</title>{"".join(shapes)}</svg>'


# ---- llms.txt --------------------------------------------------------------------------------------------------------


def write_llms(app: Sphinx, error: Exception | None) -> None:
    """A list of all pages as Markdown, for programs that read (llmstxt.org)."""
    if error is None and app.builder.name == "html":
        source, out = Path(app.srcdir), Path(app.outdir)
        pages = {name: (source / f"{name}.md").read_text(encoding="utf-8") for name in sorted(app.env.found_docs)}
        (out / "llms.txt").write_text(llms(pages), encoding="utf-8")


def llms(pages: dict[str, str]) -> str:
    lines = ["# likewise", "", f"> {(likewise.__doc__ or '').splitlines()[0]}", "", "## Pages", ""]
    for name, text in pages.items():
        title = next(line[2:] for line in text.splitlines() if line.startswith("# "))
        lines.append(f"- [{title}](_sources/{name}.md.txt)")
    return "\n".join((*lines, ""))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("public", Public)
    app.add_directive("chart", Chart)
    app.connect("build-finished", write_llms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
