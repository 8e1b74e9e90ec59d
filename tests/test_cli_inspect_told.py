"""What `inspect` says of its findings on the terminal."""

import contextlib
import os

import msgspec
import pytest

from crackscope.cli.bundle_figures import known_limits
from crackscope.cli.inspection_summary import show, summarise
from crackscope.records import UNLIKE_ANY_SURFACE, Inspected, PhotoScale, Verdict
from crackscope.reports import write_inspection
from crackscope.wording import of_100
from tests.small_bundle import small_manifest
from tests.small_inspection import facts, inspected, picture, zone
from tests.small_page import Page


def on_a_terminal(summary) -> str:
    """What a terminal gets to show, as lines that are parted by blanks."""
    ours, its = os.openpty()
    with os.fdopen(its, "w") as terminal, contextlib.redirect_stdout(terminal):
        show(summary, quiet=False)
    shown = bytearray()
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    return shown.decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
@pytest.mark.parametrize(
    ("plain", "counted"), [(1, "3 sound (1 suspicious)"), (30, "(1 suspicious, the others not listed)")]
)
def test_what_is_called_sound_but_looks_cracked_is_named(monkeypatch, plain, counted):
    monkeypatch.setenv("COLUMNS", "200")
    said = [("clear", 0.01, None), ("usual", 0.98, 1.0)] * plain + [("tunnel", 0.98, None)]
    found = [Inspected(path=p, verdict="sound", probability=x, width=9, height=9, chance=c) for p, x, c in said]
    printed = " ".join(on_a_terminal(summarise(found)).split())
    assert counted in printed
    wanted = "tunnel: something looks like a crack, though sound photos of its size may, too: look at it"
    assert wanted in printed
    assert printed.count("looks like a crack") == 1


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_a_terminal_gets_the_worst_and_a_pipe_all(capsys):
    cracked = [Inspected(path=f"wall-{n}.", verdict="crack", probability=0.9, width=9, height=9) for n in range(25)]
    found = [
        *cracked,
        *(Inspected(path=f"calm-{n}.", verdict="sound", probability=0, width=9, height=9) for n in (1, 2)),
    ]
    shown = on_a_terminal(summarise(found))
    assert shown.count("wall-") == 20
    assert "5 more in the report" in shown
    assert "2 sound (not listed)" in shown
    show(summarise(found), quiet=False)
    printed = capsys.readouterr().out
    assert all(f"{one.path}" in printed for one in found)
    assert "more in the report" not in printed
    assert "not listed" not in printed


def test_what_cannot_be_judged_but_looks_cracked_is_named_and_what_helps_is_said(capsys):
    strange = inspected_as("cannot judge", "odd.", 0.997, UNLIKE_ANY_SURFACE)
    dark = inspected_as("cannot judge", "dark.", 0.3, "too dark")
    show(summarise([strange, dark]), quiet=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"odd.: {UNLIKE_ANY_SURFACE}, but something looks like a crack: look at it" in printed
    assert printed.count("but something looks like a crack") == 1
    assert "2 cannot be judged (1 looks like a crack all the same); 0 zones" in printed
    assert (
        "1 photo is unlike any surface that the bundle has learnt from: if it shows a surface all the same, label some "
        "patches of it and give those to `crackscope adapt`"
    ) in printed
    show(summarise([dark]), quiet=False)
    printed = capsys.readouterr().out
    assert "1 cannot be judged; 0 zones" in printed
    assert "adapt" not in printed
    assert "copy" not in printed


def test_what_helps_a_blurred_photo_is_said(capsys):
    reason = "blurred: edges are 9.0 px wide, cracks would be smeared out"
    show(summarise([inspected_as("cannot judge", "soft.", 0.3, reason)]), quiet=False)
    assert (
        "1 photo is too blurred: take it again, with the camera held still or closer; where that cannot be, a copy at "
        "half or a quarter of the size may be judged, without cracks thinner than 2 or 4 px of the photo"
    ) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("sound_as", "known", "said"),
    [
        ([""], ("deck",), "the photo called sound looks like no surface that the bundle knows (deck)"),
        (["", "deck", ""], ("deck", "wall"), "2 of 3 photos called sound look like no surface that the bundle knows"),
        (["", ""], ("deck",), "both photos called sound look like no surface that the bundle knows"),
        (["", "", ""], ("deck",), "all 3 photos called sound look like no surface that the bundle knows"),
        (["", "deck"], ("deck",), ""),
        (["", ""], (), ""),
        ([], ("deck",), ""),
    ],
)
def test_what_is_called_sound_on_surfaces_never_met_is_told_in_terminal_and_report(
    capsys, tmp_path, sound_as, known, said
):
    """Where it is most of what is called sound, by a bundle that tells surfaces apart; of cracked photos never."""
    photos = [
        inspected(picture(tmp_path, f"{number}.jpg", 1), "sound", surface=surface)
        for number, surface in enumerate(sound_as)
    ]
    photos.append(inspected(picture(tmp_path, "crack.jpg", 1), "crack", surface=""))
    show(summarise(photos, surfaces=known), quiet=False)
    told = " ".join(capsys.readouterr().out.split())
    assert (said in told) if said else ("no surface that" not in told)
    of_one = len(sound_as) == 1
    look = f"on others the bundle may miss plain cracks: look at {'this photo' if of_one else 'some of these photos'};"
    assert (look in told) == bool(said)
    write_inspection(tmp_path / "report", photos, msgspec.structs.replace(facts(), surfaces=known))
    text = Page(tmp_path / "report" / "index.html").text
    assert (f"{said[0].upper()}{said[1:]}" in text) if said else ("no surface that" not in text)


def inspected_as(verdict: Verdict, path: str, probability: float, reason: str) -> Inspected:
    return Inspected(path=path, verdict=verdict, probability=probability, width=9, height=9, reason=reason)


def test_a_photo_called_cracked_without_a_zone_is_to_be_looked_at(capsys):
    strip = Inspected(path="strip", verdict="crack", probability=0.987, width=9, height=9)
    show(summarise([strip]), quiet=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert "strip: called cracked, but no crack could be marked in it: look at it" in printed
    assert "1 photo: 1 cracked (1 without a zone), 0 sound" in printed
    show(summarise([msgspec.structs.replace(strip, left_out=2)], 0.5), quiet=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert "strip: called cracked, but no zone in it has a probability of 0.5 or more: look at it" in printed
    assert "2 zones of a probability below 0.5 left out" in printed
    show(summarise([strip], 0.5), quiet=False)
    assert "no zone of a probability below 0.5 left out" in " ".join(capsys.readouterr().out.split())


def test_a_widest_zone_that_may_be_none_is_said_to_be_so_and_the_widest_likely_one_is_named(capsys):
    joint = msgspec.structs.replace(zone(1, 62, 12.0), probability=0.5)
    one = inspected("wall.", zones=(joint, zone(2, 100, 2.5)))
    lone, sure = inspected("lone.", zones=(joint,)), inspected("sure.", zones=(zone(1, 62, 12.0),))
    measured = inspected("mm.", zones=(msgspec.structs.replace(zone(1, 62, 12.0, 0.1), probability=0.79), joint))
    show(summarise([one, lone, sure, measured]), quiet=False)
    printed = " ".join(capsys.readouterr().out.split())
    likely = one.zones[1].width_max_px.value
    assert f"wall.: the widest has a probability of 0.50, the widest of 0.8 and more {likely:.1f} px" in printed
    assert "lone.: the widest has a probability of 0.50" in printed
    assert "mm.: the widest has a probability of 0.79" in printed
    assert printed.count("the widest of 0.8") == 1
    assert "sure.:" not in printed


def test_zones_that_are_less_likely_than_not_are_counted(capsys):
    zones = tuple(msgspec.structs.replace(zone(n, 30, 8), probability=p) for n, p in ((1, 0.45), (2, 0.5), (3, 0.9)))
    photo = Inspected(path="torn", verdict="crack", probability=0.9, width=9, height=9, zones=zones)
    show(summarise([photo]), quiet=False)
    assert "; 3 zones (1 less likely than not)" in capsys.readouterr().out
    show(summarise([msgspec.structs.replace(photo, zones=zones[1:])]), quiet=False)
    assert "less likely" not in capsys.readouterr().out


def test_a_high_probability_stands_beside_how_often_sound_photos_show_as_much(capsys):
    tunnel = Inspected(path="tunnel", verdict="sound", probability=0.97, width=9, height=9, chance=0.0776)
    dim = Inspected(path="dim", verdict="cannot judge", probability=0.863, width=9, height=9, reason="too dark")
    show(summarise([tunnel, dim]), quiet=False)
    head, *lines = (" ".join(line.split()) for line in capsys.readouterr().out.splitlines())
    assert head.startswith("verdict crack probability zones")
    assert "though as much is seen in 7.8 of 100 sound photos of its size: look at it" in " ".join(lines)
    assert "0.970" in " ".join(lines)
    assert "0.863" not in " ".join(lines)


def test_a_small_chance_is_not_told_as_none():
    said = {chance: of_100(chance) for chance in (0.0, 0.0009, 0.001, 0.0776, 0.5, 1.0)}
    told = ["fewer than 0.1 of 100"] * 2 + [f"{of} of 100" for of in ("0.1", "7.8", "50", "100")]
    assert list(said.values()) == told


def test_a_scale_in_doubt_is_said_of_its_photo(capsys):
    photo = Inspected(path="two", verdict="sound", probability=0.1, width=9, height=9, scale_doubt="markers differ")
    summary = summarise([photo, msgspec.structs.replace(photo, path="none", scale_doubt="")])
    show(summary, quiet=False)
    assert "two: no mm: markers differ" in capsys.readouterr().out
    assert (summary.without_scale, summary.doubted_scales) == (1, 1)


@pytest.mark.parametrize(
    ("mm_per_px", "said"),
    [
        (10_000, "1e+04 mm per px is too coarse for cracks to show: check the scale"),
        (39.0, "39 mm per px is too coarse"),
        (38.0, ""),
        (1.1e-4, ""),
        (9e-5, "9e-05 mm per px is finer than light can show: check the scale"),
    ],
)
def test_a_scale_at_which_no_crack_can_be_seen_is_doubted_once_and_in_the_report(tmp_path, capsys, mm_per_px, said):
    """Photos that show cracks from 1.3 px on: of 50 mm from 38.5 mm per px on."""
    scale = PhotoScale(mm_per_px=mm_per_px, source="flag")
    called = ("crack", "sound", "cannot judge")
    photos = [inspected(picture(tmp_path, f"{verdict}.jpg", 1), verdict, scale=scale) for verdict in called]
    show(summarise(photos[:2]), quiet=False)
    told = " ".join(capsys.readouterr().err.split())
    assert (f"crack.jpg: {said}" in told and "so are those of 1 other photo" in told) if said else not told
    write_inspection(tmp_path, photos, facts())
    assert not said or Page(tmp_path / "index.html").text.count(said) >= 2
    assert bool(said) is ("check the scale" in Page(tmp_path / "index.html").text)
    assert bool(said) is ("the scale can hardly be meant" in Page(tmp_path / "index.html").text)


def test_a_photo_called_cracked_at_a_lower_probability_than_a_sound_one_is_explained(capsys):
    cracked, sound = (Inspected(path=v, verdict=v, probability=0.4, width=9, height=9) for v in ("crack", "sound"))
    for probability, said in ((0.41, True), (0.4, False), (0.1, False)):
        show(summarise([cracked, msgspec.structs.replace(sound, probability=probability)]), quiet=False)
        printed = " ".join(capsys.readouterr().out.split())
        assert said is ("a photo called cracked has a lower crack probability than one called sound" in printed)


def test_a_photo_judged_at_half_size_says_so(capsys):
    photo = Inspected(path="zoom", verdict="sound", probability=0.1, width=9, height=9, halved=True)
    show(summarise([photo, msgspec.structs.replace(photo, path="plain", halved=False)]), quiet=False)
    printed = capsys.readouterr().out
    assert "zoom: judged at half size" in printed
    assert printed.count("half size") == 1


def test_a_photo_judged_from_afar_says_so(capsys):
    photo = Inspected(path="close", verdict="sound", probability=0.1, width=9, height=9, from_afar=4)
    refused = msgspec.structs.replace(photo, path="blurred", verdict="cannot judge", reason="blurred")
    show(summarise([photo, refused, msgspec.structs.replace(photo, path="plain", from_afar=0)]), quiet=False)
    printed = capsys.readouterr().out
    assert "close: judged from afar, at 1/4 of its size" in printed
    assert printed.count("afar") == 1


def test_zones_without_mm_are_summed_in_px_and_counted(capsys):
    beyond = [zone(1, 30, 8, length=70), zone(2, 60, 5, length=30)]
    found = [
        Inspected(path=path, verdict="crack", probability=0.9, width=99, height=99, zones=zones)
        for path, zones in (
            ("half", (zone(3, 90, 4, 0.1), *beyond)),
            ("none", tuple(beyond)),
            ("all", (zone(1, 30, 4, 0.1),)),
        )
    ]
    show(summarise(found), quiet=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    half, every, none = (words for words in lines if words[:1] == ["crack"])
    assert " ".join(half[2:]) == "3 0.40 mm and 8.0 px 10 mm and 100 px half: 2 of 3 zones without mm, summed in px"
    assert " ".join(every[2:]) == "1 0.40 mm 10 mm all"
    assert " ".join(none[2:]) == "2 8.0 px 100 px none"


def test_a_scale_that_reaches_no_zone_is_told_of(capsys):
    scale = PhotoScale(mm_per_px=0.5, source="marker")
    zones = (zone(1, 30, 8, length=70),)
    photo = Inspected(path="far", verdict="crack", probability=0.9, width=99, height=99, zones=zones, scale=scale)
    show(summarise([photo]), quiet=False)
    assert "1 of 1 zone without mm, summed in px" in " ".join(capsys.readouterr().out.split())


def test_what_was_measured_of_coarse_maps_is_told_of_them_alone():
    fine = small_manifest()
    coarse = msgspec.structs.replace(fine, stride=32)
    (told,) = set(known_limits(coarse, in_mm=True)) - set(known_limits(fine, in_mm=True))
    assert "cells of 32 px" in told
    assert "the intervals of widths held on generated cracks in 94 to 96 of 100" in told
    assert "a third of the lengths were off by more than 5 %" in told
