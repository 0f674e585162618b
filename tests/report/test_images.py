"""The page of images: strips by class, no real image unless asked for, words in both languages."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import likewise as lw
from likewise.images.sets import ImageSet
from likewise.report.image_words import TEXT
from likewise.report.notes import note_in
from likewise.report.score_words import figure, label

from .reports import Page, report_of

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def bars(seed: int, n: int = 60) -> ImageSet:
    """Noisy images of a bar, upright or lying; a fifth of them are copies of those of seed 0."""
    rng = np.random.default_rng(seed)
    y = np.array(["upright", "<b>lying"])[rng.integers(0, 2, n)]
    x = rng.random((n, 8, 6)) * 0.2
    x[y == "upright", :, 3] += 0.8
    x[y != "upright", 3, :] += 0.8
    return ImageSet(x, y)


@pytest.fixture(scope="module")
def report():
    return lw.evaluate(bars(0), bars(1), holdout=bars(2))


@pytest.fixture(scope="module")
def shown():
    return lw.evaluate(bars(0), bars(1), holdout=bars(2), show_real=True)


def pictures(html: str) -> list[np.ndarray]:
    found = []
    for source in re.findall(r'src="data:image/png;base64,([^"]*)"', html):
        with Image.open(io.BytesIO(base64.b64decode(source, validate=True))) as image:
            found.append(np.asarray(image))
    return found


@pytest.mark.parametrize("lang", TEXT)
def test_the_page_is_well_formed_and_complete(report, lang):
    page = Page(report.to_html(lang=lang))
    assert page.open == []
    assert all(a.get("alt") for tag, a in page.tags if tag == "img")
    assert all(label(score.name, lang) in page.text for score in report.scores)
    for key in ("title", "images", "images_hidden", "classes", "not_dp", "true_label"):
        assert TEXT[lang][key] in page.text, key
    assert "<b>lying" in page.text  # as text, not as a tag
    assert "{" not in page.text
    assert not re.search(r"\brows?\b|行数|真实行", page.text)


def test_nothing_comes_from_outside(report):
    html = report.to_html()
    assert "default-src 'none'; img-src data:" in html
    assert not re.search(r'(src|href)="(?!#|data:image/png;base64,)|url\(|@import|https?://', html)
    assert "img-src" not in report_of().to_html()


def test_strips_hold_synthetic_images_only(report):
    strips = pictures(report.to_html())
    assert [strip.shape for strip in strips] == [(8, 69), (8, 69)]
    synthetic = {image.tobytes() for image in np.rint(bars(1).x * 255).astype(np.uint8)}
    for strip in strips:
        for left in range(0, 69, 7):
            assert np.ascontiguousarray(strip[:, left : left + 6]).tobytes() in synthetic


def test_real_images_stand_beside_on_request(shown):
    html = shown.to_html()
    strips = pictures(html)
    assert len(strips) == 2 * 2 + 2
    real = {image.tobytes() for image in np.rint(bars(0).x * 255).astype(np.uint8)}
    assert np.ascontiguousarray(strips[1][:, :6]).tobytes() in real
    assert np.ascontiguousarray(strips[-1][:, :6]).tobytes() in real
    assert TEXT["en"]["images_hidden"] not in html
    assert "has it has them" in html


def test_dp_only_shows_no_picture(shown):
    for lang in TEXT:
        page = Page(shown.to_html(lang=lang, dp_only=True))
        assert not any(tag in ("img", "svg", "table") for tag, _ in page.tags)
        assert TEXT[lang]["withheld_facts"].format(synthetic=60) in page.text
    assert "images" not in {k for k, v in shown.withheld().to_dict().items() if v and k != "data"}


def test_images_without_labels_have_a_page():
    html = lw.evaluate(bars(0).x, bars(1).x).to_html()
    assert Page(html).open == []
    assert len(pictures(html)) == 6
    assert 'id="classes"' not in html


def test_every_word_is_there_in_both_languages():
    assert TEXT["en"].keys() == TEXT["zh"].keys()
    for key, english in TEXT["en"].items():
        assert CHINESE.search(TEXT["zh"][key]), key
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", TEXT["zh"][key])), key


def test_every_score_and_note_speaks_chinese(shown):
    bare = lw.evaluate(bars(0)[:10], ImageSet(bars(1).x))
    for score in shown.scores:
        texts = [
            label(score.name, "zh"),
            score.text("meaning", "zh"),
            score.text("method", "zh"),
            score.text("threat", "zh"),
        ]
        assert all(CHINESE.search(text) for text in texts if text), score.name
        assert len(figure(score.name, score.value)) <= 8
        assert label(score.name, "en").lower() != score.name.replace("_", " ")
    assert len({label(s.name, "zh") for s in shown.scores}) == len(shown.scores)
    assert all(CHINESE.search(note_in(note, "zh")) for note in (*shown.notes, *bare.notes))


def test_the_terminal_speaks_of_images(report):
    out = io.StringIO()
    Console(file=out, width=140).print(report.summary_table())
    assert "Fresh real images" in out.getvalue()
    assert "Labels are true" in out.getvalue()


def test_reports_of_images_are_compared(report):
    noise = replace(bars(1), x=np.random.default_rng(0).random((60, 8, 6)))
    other = lw.evaluate(bars(0), noise, holdout=bars(2))
    found = lw.compare([report, other], names=["bars", "noise"])
    best = {line.name: line.best for line in found.scores}
    assert best["frechet"] == best["label_fidelity"] == 0
    assert found.notes == ()
    assert Page(found.to_html()).open == []
    mixed = lw.compare([report, report_of()])
    assert "not comparable" in mixed.notes[0]
