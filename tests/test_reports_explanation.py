"""The page of an explanation."""

from urllib.parse import unquote

import numpy as np
import pytest

from crackscope import images, reports
from tests.small_inspection import EVIL
from tests.small_page import Page


def written(tmp_path, **painted):
    for name in ("photo #1.png", "activation.png", "zone.png"):
        images.write_png(np.full((4, 4, 3), 90, np.uint8), tmp_path / name)
    one = {"probability": 0.1, "verdict": "sound", "zone_before": 0.99, "zone_after": 0.02, "control": 0.96, **painted}
    facts = reports.ExplanationFacts(
        path=f"/x/{EVIL.replace('/', '')}",
        verdict="crack",
        probability=0.97,
        reason=EVIL,
        bundle=EVIL,
        original="photo #1.png",
        activation="activation.png",
        painted=(reports.PaintedFacts(name=EVIL, picture="zone.png", **one),) if painted is not None else (),
    )
    assert reports.write_explanation(tmp_path, facts) == ["index.html"]
    return Page(tmp_path / "index.html")


def test_pictures_and_scores_are_there_and_names_do_nothing(tmp_path):
    page = written(tmp_path)
    shown = [unquote(attributes["src"]) for tag, attributes in page.elements if tag == "img"]
    assert shown == ["photo #1.png", "activation.png", "zone.png"]
    assert not page.open
    assert page.count("script") == 1
    for words in ("0.970", "0.100", "0.960", "0.990", "0.020", "Without it the photo is called sound."):
        assert words in page.text


@pytest.mark.parametrize(
    ("painted", "words"),
    [
        ({"probability": 0.95, "verdict": "crack"}, "does not rest on it alone"),
        ({"probability": 0.6, "verdict": "crack"}, "less surely"),
        ({"control": 0.3}, "little can be concluded"),
        ({"control": None}, "called sound"),
    ],
)
def test_what_painting_over_did_is_said(tmp_path, painted, words):
    assert words in written(tmp_path, **painted).text


def test_nothing_to_paint_over(tmp_path):
    facts = reports.ExplanationFacts(path="a", verdict="sound", probability=0.1, original="a.png", activation="b.png")
    reports.write_explanation(tmp_path, facts)
    assert "nothing to paint over" in Page(tmp_path / "index.html").text
