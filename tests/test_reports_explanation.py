"""The page of an explanation."""

from urllib.parse import unquote

import numpy as np
import pytest

from crackscope import images, reports
from crackscope.records import Inspected
from tests.small_inspection import EVIL, SIZE, zone
from tests.small_page import Page


def photo(path, *zones, **known):
    return Inspected(path=path, width=SIZE[0], height=SIZE[1], zones=zones, **known)


def painted(number, **changed):
    one = {"probability": 0.1, "verdict": "sound", "zone_before": 0.99, "zone_after": 0.02, "control": 0.96, **changed}
    window = (100, 50, 300, 200)
    return reports.PaintedFacts(zone=number, picture=f"zone {number}.png", before="a.png", window=window, **one)


def written(tmp_path, *parts, **known):
    zones = [zone(number, 30.0 * number, 4) for number in (1, 2, 3)]
    for name in ("photo #1.png", "activation.png", "zone 1.png"):
        images.write_png(np.full((4, 4, 3), 90, np.uint8), tmp_path / name)
    facts = reports.ExplanationFacts(
        photo=photo(EVIL.replace("/", ""), *zones, verdict="crack", probability=0.97, reason=EVIL, **known),
        bundle=EVIL,
        original="photo #1.png",
        activation="activation.png",
        painted=parts,
    )
    assert reports.write_explanation(tmp_path, facts) == ["index.html"]
    return Page(tmp_path / "index.html")


def test_pictures_and_scores_are_there_and_names_do_nothing(tmp_path):
    page = written(tmp_path, painted(1))
    shown = [unquote(attributes["src"]) for tag, attributes in page.elements if tag == "img"]
    assert shown == ["photo #1.png", "activation.png", "a.png", "zone 1.png"]
    assert not page.open
    assert page.count("script") == 1
    for words in ("0.970", "0.100", "0.960", "0.990", "0.020", "Without it the photo is called sound."):
        assert words in page.text


def test_how_the_photo_was_read_stands_below_its_name(tmp_path):
    said = ("page 1 of 3", "only the lowest 12 of its 16 bits are used, so read as 12", "seen in grey: its light has")
    plain = written(tmp_path, painted(1)).text
    read = written(tmp_path, painted(1), pages=3, bits=12, in_grey=True).text
    assert [words in plain for words in said] == [False] * 3
    assert [words in read for words in said] == [True] * 3


def test_zones_are_drawn_and_those_painted_over_carry_their_number(tmp_path):
    page = written(tmp_path, painted(2), painted(3))
    outlines = {attributes["id"] for tag, attributes in page.elements if tag == "path"}
    assert outlines == {"o1", "o2", "o3"}
    assert "with its 3 zones" in page.text
    over_the_photo = page.source[: page.source.index("Its activation map")]
    assert all(f">{number}</b>" in over_the_photo for number in (2, 3))
    assert ">1</b>" not in over_the_photo
    assert [attributes["viewbox"] for tag, attributes in page.elements if tag == "svg"][1] == "100 50 300 200"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("crack", "with its 1 zone, numbered as in the report of inspect ."),
        (
            "sound",
            "with its 1 zone, which the report of inspect lists only with --all-zones , since the photo is called",
        ),
        ("cannot judge", "lists only with --all-zones , since the photo cannot be judged."),
    ],
)
def test_zones_that_a_report_lists_only_where_it_is_asked_to_are_told_for_that(tmp_path, verdict, words):
    seen = photo("wall.png", zone(1, 30.0, 4), verdict=verdict, probability=0.6)
    facts = reports.ExplanationFacts(photo=seen, original="wall.png", activation="wall.png", painted=(painted(1),))
    images.write_png(np.full((4, 4, 3), 90, np.uint8), tmp_path / "wall.png")
    reports.write_explanation(tmp_path, facts)
    told = Page(tmp_path / "index.html").text
    assert words in told
    assert ("numbered as in the report" in told) == (verdict == "crack")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"probability": 0.95, "verdict": "crack"}, "does not rest on it alone"),
        ({"probability": 0.6, "verdict": "crack"}, "less surely"),
        ({"control": 0.3}, "little can be concluded"),
        ({"control": None}, "called sound"),
        ({"verdict": "cannot judge"}, "Without it the photo cannot be judged."),
    ],
)
def test_what_painting_over_did_is_said(tmp_path, changed, words):
    assert words in written(tmp_path, painted(1, **changed)).text


@pytest.mark.parametrize(
    ("verdict", "before", "after", "words"),
    [
        ("sound", 0.46, 0.45, "The photo is called sound with it and without."),
        ("sound", 0.76, 0.1, "The photo is called sound with it and without, without more surely."),
        ("cannot judge", 0.96, 0.95, "The photo cannot be judged without it either."),
        ("cannot judge", 0.96, 0.2, "The photo cannot be judged without it either, where less looks like a crack."),
    ],
)
def test_a_photo_that_is_not_called_cracked_is_not_less_surely_so_without_what_looks_like_a_crack(
    tmp_path, verdict, before, after, words
):
    seen = photo("wall.png", zone(1, 30.0, 4), verdict=verdict, probability=before)
    without = painted(1, verdict=verdict, probability=after, control=before)
    facts = reports.ExplanationFacts(photo=seen, original="wall.png", activation="wall.png", painted=(without,))
    images.write_png(np.full((4, 4, 3), 90, np.uint8), tmp_path / "wall.png")
    reports.write_explanation(tmp_path, facts)
    assert f"zone 1 {words}" in Page(tmp_path / "index.html").text


def test_why_a_photo_cannot_be_judged_is_said_once(tmp_path):
    reason = "blurred: edges are 12 px wide or more"
    seen = photo("wall.png", verdict="cannot judge", probability=0.96, reason=reason)
    for rule, times in ((f"What decided: it cannot be judged, {reason}.", 1), ("", 1)):
        facts = reports.ExplanationFacts(photo=seen, original="wall.png", activation="wall.png", rule=rule)
        reports.write_explanation(tmp_path, facts)
        assert Page(tmp_path / "index.html").text.count(reason) == times


def test_a_soft_photo_judged_at_half_size_says_so(tmp_path):
    zoomed = photo("zoom.png", verdict="crack", probability=0.97, halved=True)
    facts = reports.ExplanationFacts(photo=zoomed, original="zoom.png", activation="zoom.png")
    images.write_png(np.full((4, 4, 3), 90, np.uint8), tmp_path / "zoom.png")
    reports.write_explanation(tmp_path, facts)
    assert "probability of a crack 0.970, judged at half size." in Page(tmp_path / "index.html").text


def test_what_is_alike_of_several_zones_is_said_once(tmp_path):
    same = {"probability": 0.96, "verdict": "crack"}
    text = written(tmp_path, painted(1, **same), painted(2, **same), painted(0)).text
    assert text.count("does not rest on it alone") == 1
    assert "zones 1 to 2, each by itself" in text
    assert "all 3 zones Without them the photo is called sound." in text
    zones = (zone(1, 30.0, 4), zone(2, 60.0, 4))
    two = photo("wall.png", *zones, verdict="crack", probability=0.97)
    facts = reports.ExplanationFacts(photo=two, original="zone 1.png", activation="zone 1.png", painted=(painted(0),))
    reports.write_explanation(tmp_path, facts)
    assert "both zones Without them the photo is called sound." in Page(tmp_path / "index.html").text


def test_what_the_verdict_rests_on_stands_in_the_head(tmp_path):
    head, _, rest = written(tmp_path, painted(1)).text.partition("Where a crack is seen")
    assert "With a crack painted over, and the model asked again: zone 1 Without it the photo is called sound." in head
    assert "Without it the photo is called sound." not in rest


def test_nothing_to_paint_over(tmp_path):
    facts = reports.ExplanationFacts(
        photo=photo("a", verdict="sound", probability=0.1), original="a.png", activation="b.png"
    )
    reports.write_explanation(tmp_path, facts)
    assert "nothing to paint over" in Page(tmp_path / "index.html").text
