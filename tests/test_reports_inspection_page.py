"""The page of an inspection as it is written: complete in itself, readable by all, deaf to every name."""

import base64
import hashlib
import json
import re
import sys
import tracemalloc
from collections.abc import Sequence
from html import unescape
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscope import reports
from crackscope.records import UNLIKE_ANY_SURFACE, Estimate, Failure, Inspected, PhotoScale, Place, Unread
from tests.small_inspection import EVIL, facts, inspected, photos, picture, zone
from tests.small_page import Page
from tests.test_reports_evaluation import luminance


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("report")
    reports.write_inspection(target, found, facts())
    return target


@pytest.fixture(scope="module")
def page(folder) -> Page:
    return Page(folder / "index.html")


def test_every_address_is_in_the_folder_or_on_the_page(page, folder):
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        for name in ("src", "href", "xlink:href", "action", "srcset", "data-heat"):
            value = attributes.get(name)
            if value is None:
                continue
            if value.startswith("#"):
                assert value[1:] in page.ids, value
            else:
                assert not value.startswith(("/", "."))
                assert ":" not in value
                assert (folder / unquote(value)).is_file(), value
    assert not re.search(r"url\((?!\\\"\" \+ small)|@import|https?://", page.source)


def test_names_can_do_nothing_in_the_page(page):
    assert page.count("script") == 2
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "{{7*7}}" in page.text
    assert not page.open
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", unescape(page.source))
    assert all(attributes.get("src") != "x" for _, attributes in page.elements)


def test_only_our_own_script_may_run(page):
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "img-src 'self' file: data:;" in policy


def test_every_element_that_the_script_touches_is_there(page):
    wanted = set(re.findall(r'getElementById\("([\w-]+)"\)', page.scripts[1]))
    wanted |= set(re.findall(r'"(viewer-[\w]+)"', page.scripts[1]))
    assert wanted <= page.ids
    assert len(wanted) > 15


def test_what_a_reader_must_see_is_there(page):
    for words in (
        "Of 7 photos 3 are called cracked, 1 looks sound, 1 cannot be judged and 2 are unreadable.",
        "The widest crack measures 1.20 mm (1.08 to 1.44; probability 0.90)",
        "Widest crack, at least 1.08 mm largest width 1.20 (95 %: 1.08 to 1.44 mm), probability 0.90, crack 1 in",
        "For 1 cracked photo no scale is known",
        "Widest crack over 1 mm",
        "Widest crack 0.3 to 0.5 mm",
        "Widest crack 2 to 4 px, no scale known there",
        "Cannot be judged",
        "1 photo without a position is not shown",
        "false alarms 5 in 100 sound photos",
        "0.1 mm per px",
        "cracks thinner than 0.13 mm may go unseen",
        "missing",
        "truncated",
        "2026-03-04 10:01",
    ):
        assert words in page.text, words


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ((0.2, 0.3), "2 look sound."),
        ((0.2, 0.7), "2 look sound (1 of them to be looked at again)."),
        ((0.7,), "1 looks sound (to be looked at again)."),
    ],
)
def test_what_is_to_be_looked_at_again_is_in_the_first_sentence(tmp_path, probabilities, said):
    photos = [
        msgspec.structs.replace(inspected(picture(tmp_path, f"{p}.jpg", 1), "sound"), probability=p)
        for p in probabilities
    ]
    reports.write_inspection(tmp_path / "report", photos, facts())
    assert f"none is called cracked and {said}" in Page(tmp_path / "report" / "index.html").text


def test_a_file_that_cannot_be_read_is_named_once(tmp_path):
    lost = Unread(path="/walls/gone.jpg", error=Failure(kind="missing", message="/walls/gone.jpg: is not there"))
    calm = inspected(picture(tmp_path, "calm.jpg", 1), "sound")
    reports.write_inspection(tmp_path / "report", [calm, lost], facts())
    page = Page(tmp_path / "report" / "index.html")
    assert "Of 2 photos none is called cracked, 1 looks sound and 1 is unreadable." in page.text
    assert "To look at again 1 1 unreadable which" in page.text
    assert "gone.jpg missing is not there" in page.text
    assert "/walls/gone.jpg: is" not in page.source
    reports.write_inspection(tmp_path / "calm", [calm], facts())
    assert "To look at again 0 nothing " in Page(tmp_path / "calm" / "index.html").text


def test_a_report_without_a_title_is_called_what_it_is_once(tmp_path):
    found = [inspected(picture(tmp_path, "a.jpg", 1), "sound")]
    # The name of the window is counted, too.
    for title, times in (("Crack inspection", 2), ("Town hall", 1)):
        reports.write_inspection(tmp_path / title, found, msgspec.structs.replace(facts(), title=title))
        text = Page(tmp_path / title / "index.html").text
        head = text[: text.index(" Of 1 photo")]
        assert head.count("Crack inspection") == times
        assert title in head


def test_the_summary_leads_with_the_width_that_is_sure(tmp_path):
    doubtful = msgspec.structs.replace(zone(1, 60, 9), width_max_px=Estimate(value=9.0, low=2.0, high=20.0))
    sure = zone(1, 60, 6)
    found = [
        inspected(picture(tmp_path, "doubtful.jpg", 1), zones=(doubtful,)),
        inspected(picture(tmp_path, "sure.jpg", 2), zones=(sure,)),
    ]
    reports.write_inspection(tmp_path / "report", found, facts())
    page = Page(tmp_path / "report" / "index.html")
    assert "The widest crack measures 9.0 px (2.0 to 20.0; probability 0.90), crack 1 in doubtful.jpg." in page.text
    sure = "The largest width that is sure is 5.4 px, of crack 1 in sure.jpg, which measures 6.0 px (probability 0.90)."
    assert sure in page.text
    assert (
        "Largest width that is sure 5.4 px largest width 6.0 (95 %: 5.4 to 7.2 px), "
        "probability 0.90, crack 1 in sure.jpg" in page.text
    )
    assert [a["id"] for tag, a in page.elements if tag == "article"] == ["photo-1", "photo-2"]


def doubted(number: int, y: float, width: float, probability: float):
    return msgspec.structs.replace(zone(number, y, width), probability=probability)


def head_of(folder, photos) -> str:
    reports.write_inspection(folder, photos, facts())
    page = Page(folder / "index.html").text
    return page[: page.index("Cracks by width")]


def test_the_summary_is_of_cracks_that_are_more_likely_than_not_where_there_are_any(tmp_path):
    torn, other = doubted(1, 30, 40, 0.45), doubted(3, 90, 20, 0.3)
    main = doubted(2, 60, 6, 0.88)
    path = picture(tmp_path, "wall.jpg", 1)
    said = head_of(tmp_path / "both", [inspected(path, zones=(torn, main, other))])
    assert (
        "The widest crack that is more likely than not measures 6.0 px (5.4 to 7.2; probability 0.88), crack 2 in "
        "wall.jpg. 2 of 3 cracks are less likely than not, the widest of them 40.0 px (36.0 to 48.0; "
        "probability 0.45), crack 1 in wall.jpg." in said
    )
    assert (
        "Widest crack, at least 5.4 px largest width 6.0 (95 %: 5.4 to 7.2 px), "
        "probability 0.88, crack 2 in wall.jpg" in said
    )
    assert "3.0 a photo that shows one, 2 less likely than not" in said
    said = head_of(tmp_path / "one", [inspected(path, zones=(torn, main))])
    assert (
        "1 of 2 cracks is less likely than not, 40.0 px (36.0 to 48.0; probability 0.45), crack 1 in wall.jpg." in said
    )
    said = head_of(tmp_path / "none", [inspected(path, zones=(torn, other))])
    assert "No crack is more likely than not. The widest crack measures 40.0 px (36.0 to 48.0; probabi" in said
    said = head_of(tmp_path / "all", [inspected(path, zones=(main,))])
    assert "The widest crack measures 6.0 px (5.4 to 7.2; probability 0.88), crack 2 in wall.jpg." in said
    assert "likely" not in said


def test_the_summary_is_of_likely_cracks_where_there_are_any_and_names_a_wider_one(tmp_path):
    """The edge of a joint may have .53, and be the surer measured one."""
    path = picture(tmp_path, "wall.jpg", 1)
    main = msgspec.structs.replace(doubted(1, 60, 6, 0.93), width_max_px=Estimate(value=6.86, low=4.12, high=9.6))
    joint = msgspec.structs.replace(doubted(2, 30, 6, 0.53), width_max_px=Estimate(value=6.2, low=5.77, high=6.6))
    wider = " A less likely one may be wider: 6.2 px (5.8 to 6.6; probability 0.53), crack 2 in wall.jpg."
    said = head_of(tmp_path / "both", [inspected(path, zones=(main, joint))])
    assert (
        "The widest crack of a probability of 0.8 or more measures 6.9 px (4.1 to 9.6; probability 0.93), "
        f"crack 1 in wall.jpg.{wider}" in said
    )
    assert "Widest likely crack, at least 4.1 px largest width 6.9 (95 %: 4.1 to 9.6 px), probability 0.93" in said
    said = head_of(tmp_path / "third", [inspected(path, zones=(main, joint, doubted(3, 90, 20, 0.3)))])
    assert f"{wider} 1 of 3 cracks is less likely than not, 20.0 px" in said
    said = head_of(tmp_path / "narrower", [inspected(path, zones=(main, joint, doubted(3, 90, 5, 0.3)))])
    assert "5.0 px" not in said, "of what hardly is a crack only what would be wider is told"
    thin = doubted(2, 30, 3, 0.53)
    said = head_of(tmp_path / "thin", [inspected(path, zones=(main, thin))])
    assert "of a probability of 0.8 or more measures 6.9 px" in said
    assert "less likely" not in said
    said = head_of(tmp_path / "none", [inspected(path, zones=(joint,))])
    assert "The widest crack measures 6.2 px" in said
    assert "Widest crack, at least 5.8 px" in said


def test_classes_in_mm_and_in_px_which_share_their_colours_are_told_apart_where_both_are_there(tmp_path):
    metric = inspected(picture(tmp_path, "a.jpg", 1), zones=(zone(1, 62, 4, 0.1),))
    bare = inspected(picture(tmp_path, "b.jpg", 2), zones=(zone(1, 62, 12),))
    for some, mixed in (([metric, bare], True), ([metric], False), ([bare], False)):
        reports.write_inspection(tmp_path, some, facts())
        page = Page(tmp_path / "index.html")
        units = [a["data-unit"] for tag, a in page.elements if tag == "li" and "data-unit" in a]
        assert units == ["mm", "px"] * 2 * mixed
        assert ("one colour is one class in mm and another in px" in page.text) is mixed
        assert page.text.count("in px, no scale known there") == 3 * mixed


def test_a_card_has_the_probability_of_each_crack(tmp_path):
    path = picture(tmp_path, "wall.jpg", 1)
    reports.write_inspection(tmp_path / "out", [inspected(path, zones=(doubted(1, 30, 40, 0.452),))], facts())
    page = Page(tmp_path / "out" / "index.html").text
    assert "crack largest width median length probability 1 40.0 px 36.0 to 48.0 px 30.0 px 100 px 0.45" in page


def test_a_photo_called_cracked_without_a_zone_is_to_be_looked_at(tmp_path):
    strip = inspected(picture(tmp_path, "strip.jpg", 1), probability=0.987)
    wall = inspected(picture(tmp_path, "wall.jpg", 2), zones=(zone(1, 60, 6),))
    told = {
        0.0: "Called cracked, but no crack could be marked and measured in it.",
        0.5: "Called cracked, but no crack of a probability of 0.5 or more could be marked and measured in it.",
    }
    for least, words in told.items():
        about = msgspec.structs.replace(facts(), least_probability=least)
        reports.write_inspection(tmp_path / "out", [strip, wall], about)
        page = Page(tmp_path / "out" / "index.html").text
        assert "Of 2 photos 2 are called cracked and none looks sound." in page
        assert "Photos called cracked 2 100 % of 2 photos read" in page
        assert "To look at again 1 1 called cracked with no crack shown which" in page
        cracked, again = page.split("Called cracked, but no crack is shown 1 photo")
        assert "The photo as a whole looks cracked to the model" in again
        assert "strip.jpg" in again
        assert "crack probability 0.98" in again or "crack probability 0.99" in again
        assert words in again
        assert "strip.jpg 2" not in cracked


def test_a_sound_photo_that_looks_cracked_is_to_be_looked_at(tmp_path):
    calm = inspected(picture(tmp_path, "calm.jpg", 1), "sound", probability=0.1)
    suspicious = inspected(picture(tmp_path, "suspicious.jpg", 2), "sound", probability=0.9, chance=0.0776)
    dim = inspected(picture(tmp_path, "dim.jpg", 3), "cannot judge", probability=0.9)
    reports.write_inspection(tmp_path / "report", [calm, suspicious, dim], facts())
    page = Page(tmp_path / "report" / "index.html")
    assert "Called sound, yet suspicious" in page.text
    assert page.text.count("crack probability 0.") == 1
    again, rest = page.text.split("Called sound, yet suspicious")[1].split("Sound photos", 1)
    assert "suspicious.jpg" in again
    assert "crack probability 0.90, though as much is seen in 7.8 of 100 sound photos of its size" in again
    assert "more often than the 5 of 100 that the rule allows" in again
    assert "crack probability" not in rest
    assert "calm.jpg" not in again
    assert "calm.jpg" in rest


def test_what_cannot_be_judged_but_looks_cracked_is_told_with_what_to_do(tmp_path):
    strange = {"reason": UNLIKE_ANY_SURFACE}
    plain = inspected(picture(tmp_path, "plain.jpg", 1), "cannot judge", probability=0.4, reason="too dark")
    reports.write_inspection(tmp_path / "plain", [plain], facts())
    calm = Page(tmp_path / "plain" / "index.html").text
    assert "looks like a crack" not in calm
    assert "crackscope adapt" not in calm
    cracked = inspected(picture(tmp_path, "cracked.jpg", 2), "cannot judge", probability=0.997, **strange)
    reports.write_inspection(tmp_path / "report", [plain, cracked], facts())
    text = Page(tmp_path / "report" / "index.html").text
    assert "2 cannot be judged (1 looks like a crack all the same)." in text
    assert "But in one of them something looks like a crack: look at that first." in text
    assert text.count("something in it looks like a crack") == 1
    assert "label some patches of it: crackscope suggest names those that help most" in text


def test_a_blurred_photo_is_told_with_what_to_do(tmp_path):
    soft = {"reason": "blurred: edges are 9.0 px wide, cracks would be smeared out"}
    for name, reason, told in (
        ("soft", soft, True),
        ("dark", {"reason": "too dark: 99% of the pixels are black"}, False),
    ):
        photo = inspected(picture(tmp_path, f"{name}.jpg", 1), "cannot judge", **reason)
        reports.write_inspection(tmp_path / name, [photo], facts())
        page = Page(tmp_path / name / "index.html").text
        assert ("hold the camera still, or go closer." in page) == told
        assert (
            "a copy at half or a quarter of the size may be judged; it shows no cracks thinner than" in page
        ) == told


def test_the_worst_photo_comes_first(page):
    order = [a["id"] for tag, a in page.elements if tag == "article"]
    assert order == ["photo-3", "photo-2", "photo-4", "photo-5"]


def test_a_spot_on_the_map_has_the_colour_of_the_group_that_its_photo_stands_in(tmp_path):
    measured, beyond_the_horizon = zone(1, 40, 2.5, 0.1), zone(2, 100, 30)
    found = [inspected(picture(tmp_path, "both.jpg", 1), zones=(measured, beyond_the_horizon))]
    found.append(inspected(picture(tmp_path, "elsewhere.jpg", 2), "sound"))
    reports.write_inspection(tmp_path / "report", found, facts())
    page = Page(tmp_path / "report" / "index.html")
    assert "Widest crack 0.2 to 0.3 mm" in page.text
    spots = [a["class"] for tag, a in page.elements if tag == "a" and a.get("class", "").startswith("spot")]
    assert spots == ["spot sound", "spot mm-2"]


def test_every_picture_is_said_in_words_and_loads_late(page):
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(pictures) == 5
    assert all(one["loading"] == "lazy" and one["width"] and one["height"] for one in pictures)
    assert sum("crack, 2 cracks, the widest 0.40 mm" in one["alt"] for one in pictures) == 1
    for tag, attributes in page.elements:
        if tag == "svg" and attributes.get("aria-hidden") != "true":
            assert attributes["aria-label"]
        if tag == "button":
            assert attributes["type"] == "button"


def test_the_data_of_the_table(page):
    data = json.loads(page.scripts[0])
    assert len(data["photos"]) == 7
    assert len(data["rows"]) == 8
    zones = [row for row in data["rows"] if row[1]]
    assert [row[2] for row in zones] == ["mm", "mm", "mm", "px"]
    assert zones[0][3:6] == [5, 1.2, 1.08]
    assert [data["photos"][row[0] - 1][1] for row in data["rows"][-2:]] == ["unreadable"] * 2


def test_marks_lie_on_the_crack(page):
    (path,) = [a["d"] for tag, a in page.elements if tag == "path" and a.get("id") == "o2-1"]
    corners = [float(value) for value in re.findall(r"-?[\d.]+", path)]
    assert corners[:2] == [40.5, 60.5]
    assert path.startswith("M")
    assert path.endswith("z")
    view = [a["viewbox"] for tag, a in page.elements if tag == "svg" and a.get("class") == "marks"]
    assert view == ["0 0 240 160"] * 3


def test_marks_are_as_fine_as_is_seen():
    from crackscope.reports.inspection_classes import classes_of
    from crackscope.reports.inspection_marks import Pen

    waves = tuple((float(x), 50 + 0.3 * (x % 2)) for x in range(200))
    rough = inspected_with(waves)
    (mark,) = Pen(classes_of(reports.InspectionFacts())).marks(rough)
    assert len(mark.centreline) < 40


def test_the_inner_sides_of_a_crack_are_marked_with_its_outline():
    from crackscope.reports.inspection_classes import classes_of
    from crackscope.reports.inspection_marks import Pen

    pen, plain = Pen(classes_of(reports.InspectionFacts())), zone(1, 50, 3)
    ring = msgspec.structs.replace(plain, holes=(((60.0, 49.0), (80.0, 49.0), (80.0, 51.0), (60.0, 51.0)),))
    (before,), (after,) = (pen.marks(inspected("/no.jpg", zones=(one,))) for one in (plain, ring))
    assert after.outline == before.outline + "M60.5 49.5l20 0 0 2 -20 0z"


def test_once_enough_is_drawn_zones_are_centre_lines_alone():
    from crackscope.reports.inspection_classes import classes_of
    from crackscope.reports.inspection_marks import Pen

    pen = Pen(classes_of(reports.InspectionFacts()), most_drawn=1)
    photo = inspected("/no.jpg", zones=(zone(1, 50, 3),))
    (fine,), (rough,) = pen.marks(photo), pen.marks(photo)
    assert fine.outline
    assert not rough.outline
    assert rough.centreline
    assert pen.lines_alone == 1
    bare = msgspec.structs.replace(photo.zones[0], centreline=())
    assert pen.marks(msgspec.structs.replace(photo, zones=(bare,)))[0].outline


class FromFile(Sequence):
    """One photo many times, each decoded when it is asked for, as a journal gives them."""

    def __init__(self, photo, count: int) -> None:
        self.line, self.path, self.count = msgspec.json.encode(photo), photo.path, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int):
        if index >= self.count:
            raise IndexError
        photo = msgspec.json.decode(self.line, type=Inspected)
        return msgspec.structs.replace(photo, path=f"{self.path}/{index}")


def test_no_more_than_a_few_photos_are_in_memory_with_their_outlines(tmp_path):
    corners, count = 1500, 12
    line = tuple((x / 100, 60 + 0.01 * (x % 3)) for x in range(corners))
    drawn = msgspec.structs.replace(zone(1, 62, 4, 0.1), centreline=(line,), outline=(line,))
    photo = inspected(picture(tmp_path, "a.jpg", 1), zones=(drawn,), place=Place())

    def peak(count: int) -> int:
        tracemalloc.start()
        reports.write_inspection(tmp_path / str(count), FromFile(photo, count), reports.InspectionFacts())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    reports.write_inspection(tmp_path / "warm", FromFile(photo, 1), reports.InspectionFacts())
    at_least = 2 * corners * (2 * sys.getsizeof(1.0) + sys.getsizeof((1.0, 1.0)))
    assert peak(count) - peak(2) < (count - 2) * at_least / 3


def inspected_with(line):
    return inspected("/no.jpg", zones=(msgspec.structs.replace(zone(1, 50, 3), centreline=(line,)),))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=30), said=st.text(max_size=20))
def test_any_text_at_all_is_only_text(tmp_path, name, said):
    told = reports.InspectionFacts(
        title=name, bundle=said, limits_source=name, settings={name: said}, known_limits=(said,), trained_on=(name,)
    )
    seen = inspected(
        f"/gone/{name}", zones=(zone(1, 20, 3),), reason=said, place=Place(taken=said, latitude=1, longitude=2)
    )
    doubt = inspected(f"/gone/2{name}", "cannot judge", reason=said)
    lost = Unread(path=name, error=Failure(kind="missing", message=said))
    reports.write_inspection(tmp_path, [seen, doubt, lost], told)
    page = Page(tmp_path / "index.html")
    assert page.count("script") == 2
    assert not page.open
    assert {tag for tag, _ in page.elements} <= TAGS
    assert json.loads(page.scripts[0])["rows"]


TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "script",
        "main",
        "section",
        "header",
        "footer",
        "nav",
        "aside",
    ),
    *(
        "div",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "b",
        "a",
        "span",
        "bdi",
        "wbr",
        "code",
        "dl",
        "dt",
        "dd",
        "img",
    ),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "article", "dialog"),
    *("form", "label", "input", "select", "option", "button", "output"),
    *("svg", "g", "path", "rect", "circle", "use", "defs", "text"),
}


def colours(page: Page) -> list[dict[str, str]]:
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in page.source.split(":root {")[1:3]]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_colours_keep_the_contrast_of_wcag_aa(page, folder, count, tmp_path):
    from crackscope.reports.inspection_classes import WidthClasses, hexadecimal, text_on

    classes = WidthClasses(tuple(0.1 * place for place in range(1, count + 1)), "mm")
    known = [classes.colour(place) for place in range(classes.count)]
    assert len(set(known)) == len(known)
    for colour in known:
        # Numbers on their plates; and marks against their casing, whatever the photo behind them is like.
        assert contrast(hexadecimal(colour), hexadecimal(text_on(colour))) >= 4.5
    falling = [luminance(hexadecimal(colour)) for colour in known]
    assert falling == sorted(falling, reverse=True)
    for theme in colours(page):
        for ink in ("ink", "soft", "sound"):
            for ground in ("paper", "card", "track"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        # Edges of controls and swatches: 3 to 1 (WCAG 2.2, 1.4.11).
        assert contrast(theme["soft"], theme["card"]) >= 3


def test_thousands_of_photos_stay_a_page(tmp_path):
    path = picture(tmp_path, "a.jpg", 1)
    many = [inspected(f"{path}/{number}", zones=(zone(1, 62, 4, 0.1),)) for number in range(2000)]
    reports.write_inspection(tmp_path / "out", many, reports.InspectionFacts())
    page = Page(tmp_path / "out/index.html")
    assert len(page.source) < 8_000_000
    assert page.count("tr") < 2000 * 2 + 400


def test_evil_is_evil():
    assert "</script>" in EVIL
    assert "\u202e" in EVIL


def test_each_judged_photo_says_which_cracks_it_may_miss_and_no_other_does(tmp_path):
    scale = PhotoScale(mm_per_px=0.1, source="flag")
    found = [
        inspected(picture(tmp_path, f"{verdict}-{placed}.jpg", number, placed=placed), verdict, scale=scale)
        for number, (verdict, placed) in enumerate(product(("crack", "sound", "cannot judge"), (True, False)), 1)
    ]
    reports.write_inspection(tmp_path / "report", found, facts())
    assert Page(tmp_path / "report" / "index.html").text.count("cracks thinner than 0.13 mm may go unseen") == 4


def test_a_crack_thinner_than_the_photo_surely_shows_contradicts_nothing(tmp_path):
    thin = inspected(picture(tmp_path, "thin.jpg", 1), zones=(zone(1, 60, 0.5),), thinnest_px=1.0)
    reports.write_inspection(tmp_path / "report", [thin], facts())
    text = Page(tmp_path / "report" / "index.html").text
    assert "0.5 px" in text
    assert "cracks thinner than 1.0 px may go unseen" in text
    assert "shows cracks from" not in text


@pytest.mark.parametrize(
    ("begun", "read"),
    [
        ("2026-03-21T09:14:05+01:00", "inspected 2026-03-21 09:14 UTC+01:00 model"),
        ("2026-03-21T09:14:05-03:30", "inspected 2026-03-21 09:14 UTC-03:30 model"),
        ("2026-03-21T09:14:05+00:00", "inspected 2026-03-21 09:14 UTC model"),
        ("2026-03-21T09:14:05", "inspected 2026-03-21 09:14 model"),
    ],
)
def test_a_time_that_we_took_has_its_zone(tmp_path, begun, read):
    told = msgspec.structs.replace(facts(), begun=begun)
    reports.write_inspection(tmp_path / "report", [inspected(picture(tmp_path, "a.jpg", 1))], told)
    assert read in Page(tmp_path / "report" / "index.html").text
