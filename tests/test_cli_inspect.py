"""`inspect` as a user calls it: what lies in the folder, the exit status, kills and refusals."""

import csv
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from crackscope import images, surfaces
from crackscope.cli import main
from crackscope.cli.inspection_summary import show, summarise
from crackscope.records import Inspected, PhotoScale
from tests.small_bundle import write_small_bundle
from tests.small_inspection import zone
from tests.small_kills import kill_at
from tests.test_cli_interrupts import program

COUNT = 10


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_bundle(tmp_path_factory.mktemp("bundle") / "small").path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "photos"
    folder.mkdir()
    for number in range(COUNT):
        made = surfaces.generate(number, (160, 128), cracked=number % 2 == 0, kind="plaster", width_px=(3.0, 6.0))
        images.write_jpeg(made.pixels, folder / f"{number}.jpg")
    return folder


@pytest.fixture(scope="module")
def calm(photos: Path, bundle: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inspection that was left alone."""
    out = tmp_path_factory.mktemp("calm") / "out"
    assert main(["inspect", str(photos), "-o", str(out), "--bundle", bundle, "--quiet"]) == 0
    return out


def findings(out: Path) -> dict[str, bytes]:
    names = ("findings.csv", "findings.jsonl", "photos.geojson", "coco.json", "label-studio.json")
    return {name: (out / name).read_bytes() for name in names}


def call(photos: Path, out: Path, bundle: str) -> list[str]:
    words = ["inspect", str(photos), "-o", str(out), "--bundle", bundle, "--quiet", "--resume"]
    return [sys.executable, "-m", "crackscope", *words]


def one_line(text: str) -> str:
    assert text.startswith("crackscope: ")
    assert text.count("\n") == 1
    return text


def test_folder_of_photos(calm, photos):
    assert (calm / "index.html").is_file()
    assert len(list((calm / "overlays").iterdir())) == COUNT
    facts = json.loads((calm / "inspection.json").read_text())
    assert [Path(one["photo"]).name for one in facts["photos"]] == [f"{number}.jpg" for number in range(COUNT)]


def test_what_is_said(photos, bundle, tmp_path, capsys):
    assert main(["inspect", str(photos), "-o", str(tmp_path / "out"), "--bundle", bundle]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((tmp_path / "out" / "inspection.json").read_text())
    told = "{crack} cracked, {sound} sound, {cannot judge} cannot be judged".format(**facts["counts"])
    assert facts["counts"]["sound"] > 0
    assert f"{COUNT} photos: {told}; {facts['zones']} zones" in printed
    assert all(f"{number}.jpg" in printed for number in range(COUNT))
    assert str(tmp_path / "out" / "index.html") in printed


def test_of_many_photos_the_sound_ones_are_counted_and_not_listed(photos, bundle, tmp_path, capsys):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(25):
        shutil.copy(photos / f"{number % 2}.jpg", many / f"{number}-{number % 2}.jpg")
    assert main(["inspect", str(many), "-o", str(tmp_path / "out"), "--bundle", bundle]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((tmp_path / "out" / "inspection.json").read_text())
    sound = [Path(one["photo"]).name for one in facts["photos"] if one["verdict"] == "sound"]
    assert sound
    assert f"{len(sound)} sound (not listed)" in printed
    assert not any(name in printed for name in sound)


@pytest.mark.parametrize(
    ("plain", "counted"), [(1, "2 sound (1 suspicious)"), (30, "(1 suspicious, the others not listed)")]
)
def test_what_is_called_sound_but_looks_cracked_is_named(capsys, plain, counted):
    said = [("clear", 0.01)] * plain + [("tunnel", 0.98)]
    show(summarise(Inspected(path=p, verdict="sound", probability=x, width=9, height=9) for p, x in said), quiet=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert counted in printed
    assert "tunnel: something looks like a crack" in printed
    assert printed.count("looks like a crack") == 1


def test_a_scale_in_doubt_is_said_of_its_photo(capsys):
    photo = Inspected(path="two", verdict="sound", probability=0.1, width=9, height=9, scale_doubt="markers differ")
    summary = summarise([photo, msgspec.structs.replace(photo, path="none", scale_doubt="")])
    show(summary, quiet=False)
    assert "two: no mm: markers differ" in capsys.readouterr().out
    assert (summary.without_scale, summary.doubted_scales) == (1, 1)


def test_a_soft_photo_judged_at_half_size_says_so(capsys):
    photo = Inspected(path="zoom", verdict="crack", probability=0.9, width=9, height=9, halved=True)
    show(summarise([photo, msgspec.structs.replace(photo, path="plain", halved=False)]), quiet=False)
    printed = capsys.readouterr().out
    assert "zoom: soft, judged at half size" in printed
    assert printed.count("soft") == 1


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


def test_json(photos, bundle, tmp_path, capsys):
    assert main(["inspect", str(photos), "-o", str(tmp_path / "out"), "--bundle", bundle, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["photos"] == COUNT == facts["crack"] + facts["sound"] + facts["cannot judge"] + facts["unreadable"]
    assert "index.html" in facts["files"]


def test_unreadable_photos_are_listed_and_end_with_1(photos, bundle, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text.jpg").write_text("no picture")
    words = [str(photos / "0.jpg"), str(tmp_path / "in"), "nothing-*.jpg"]
    assert main(["inspect", *words, "-o", str(tmp_path / "out"), "--bundle", bundle]) == 1
    printed = capsys.readouterr().out
    assert "text.jpg" in printed
    assert "nothing-*.jpg" in printed
    assert "2 unreadable" in printed


def test_scale_by_table_fills_mm(photos, bundle, tmp_path):
    table = tmp_path / "scale.csv"
    table.write_text("path,mm_per_px\n0.jpg,0.5\n")
    words = ["inspect", str(photos), "-o", str(tmp_path / "out"), "--bundle", bundle, "--quiet", "--all-zones"]
    assert main([*words, "--scale", str(table), "--preset", "eurocode2"]) == 0
    with (tmp_path / "out" / "findings.csv").open(newline="", encoding="utf-8-sig") as file:
        classes = {row["width_class"] for row in csv.DictReader(file) if row["photo"].endswith("0.jpg")}
    assert classes <= {"up to 0.2", "0.2-0.3", "0.3-0.4", "over 0.4"}
    assert classes


def test_resuming_what_is_done_changes_nothing(photos, bundle, tmp_path, calm):
    out = tmp_path / "out"
    for _time in range(2):
        assert main(call(photos, out, bundle)[3:]) == 0
    assert findings(out) == findings(calm)


def pictures(out: Path) -> set[str]:
    """The names of the photos that have pictures in a report, which must agree in all of its folders."""
    names = [{file.stem for file in (out / part).iterdir()} for part in ("photos", "thumbs", "overlays", "heat")]
    assert names[0] == names[1] == names[2] >= names[3]
    return names[0]


def test_photos_that_are_gone_leave_the_report(photos, bundle, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    for folder, names in (("a", "0123"), ("b", "0")):
        (given / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(photos / f"{name}.jpg", given / folder)
    words = ["inspect", str(given), "-o", str(out), "--bundle", bundle, "--resume"]
    assert main(words) == 0
    assert len(pictures(out)) == 5
    (given / "b" / "0.jpg").unlink()
    (given / "a" / "1.jpg").unlink()
    (given / "a" / "2.jpg").write_text("no picture any more")
    capsys.readouterr()
    assert main(words) == 1
    assert "2 photos of before not named now: left out" in capsys.readouterr().out
    whole = json.loads((out / "inspection.json").read_text())
    assert [Path(one["photo"]).name for one in whole["photos"]] == ["0.jpg", "2.jpg", "3.jpg"]
    shown = {Path(one["picture"]).stem for one in whole["photos"] if "picture" in one}
    assert pictures(out) == shown
    assert len(shown) == 2


def test_photos_of_one_name_keep_their_own_pictures(photos, bundle, tmp_path):
    """Named in turn into one report: what was called 0 once is never taken for another 0."""
    out = tmp_path / "out"
    for folder, number in (("a", 0), ("b", 1)):
        (tmp_path / folder).mkdir()
        shutil.copy(photos / f"{number}.jpg", tmp_path / folder / "0.jpg")
    for folder in ("a", "b", "a"):
        assert main(call(tmp_path / folder, out, bundle)[3:]) == 0
        (picture,) = (out / "photos").iterdir()
        assert picture.read_bytes() == (tmp_path / folder / "0.jpg").read_bytes()
        assert len(pictures(out)) == 1


def test_the_report_says_what_the_bundle_was_judged_to_miss(photos, tmp_path):
    out = tmp_path / "out"
    assert main(["inspect", str(photos / "0.jpg"), "-o", str(out), "--quiet"]) == 0
    named = {one["name"]: one for one in json.loads((out / "inspection.json").read_text())["facts"]["figures"]}
    assert set(named) == {"misses", "false alarms on patches", "refuses"}
    assert named["misses"]["value"] in (out / "index.html").read_text()
    assert "held out from training" in named["misses"]["on"]


@pytest.mark.parametrize("moves", [(1, 7, 13), (22, 24)])
def test_kills_while_pictures_and_tables_appear(photos, bundle, tmp_path, calm, moves):
    """Kills at other moments: `proofs/inspect_kills.py`."""
    out = tmp_path / "out"
    for move in moves:
        kill_at(move, *call(photos, out, bundle)[3:])
    assert subprocess.run(call(photos, out, bundle), check=False).returncode == 0
    assert findings(out) == findings(calm)


@pytest.mark.parametrize(
    ("module", "kept", "how", "status"),
    [("cv2", 0, "SIGINT", 130), ("jinja2", COUNT, "SIGINT", 130), ("jinja2", COUNT, "SIGTERM", 143)],
)
def test_an_interrupt_says_how_to_go_on(photos, bundle, tmp_path, calm, module, kept, how, status):
    """When the first photo is looked at, and when all that is left is the report."""
    out = tmp_path / "out"
    ended = program(module, False, *call(photos, out, bundle)[3:], how=how)
    assert ended.returncode == status
    assert f"{kept} of {COUNT} photos are kept in {out}, add --resume" in one_line(ended.stderr)
    assert main(call(photos, out, bundle)[3:]) == 0
    assert findings(out) == findings(calm)


def test_a_full_disk_is_one_line_and_what_is_written_is_kept(photos, bundle, tmp_path):
    out = tmp_path / "out"
    big = tmp_path / "big"
    big.mkdir()
    for name in ("a.png", "b.png"):
        images.write_png(surfaces.generate(1, (160, 128)).pixels, big / name)
    images.write_png(surfaces.generate(2, (900, 900)).pixels, big / "c.png")
    limit = 100_000  # bytes a file: the third photo does not fit

    ended = subprocess.run(
        call(big, out, bundle),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert ended.returncode == 2
    one_line(ended.stderr)
    assert (out / "inspection.jsonl").read_bytes().count(b"\n") == 3
    assert subprocess.run(call(big, out, bundle), check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "PHOTO is missing"),
        (["-"], "no name for the report"),
        (["in", "--mm-per-px", "1", "--distance-m", "2"], "exclude each other"),
        (["in", "--mm-per-px", "0"], "above 0"),
        (["in", "--mm-per-px", "nan"], "above 0"),
        (["in", "--marker-dictionary", "4X4_50"], "--marker-mm"),
        (["in", "--marker-mm", "50", "--marker-dictionary", "XX"], "4X4_50"),
        (["in", "--classes", "0.1,0.2"], "need a scale"),
        (["in", "--mm-per-px", "1", "--classes", "a,b"], "commas"),
        (["in", "--mm-per-px", "1", "--classes", "0.2,0.1"], "rise"),
        (["in", "--mm-per-px", "1", "--classes", "1", "--preset", "aci224r"], "exclude each other"),
        (["in", "--mm-per-px", "1", "--preset", "eurocode"], "eurocode2"),
        (["in", "--preset", "eurocode"], "there is no preset 'eurocode', name one of eurocode2, aci224r"),
        (["in", "--most-megapixels", "0"], "--most-megapixels"),
        (["in", "--most-megapixels", "nan"], "nan is no number to go by"),
        (["in", "--most-megapixels", "inf"], "inf is no number to go by"),
        (["in", "--classes", "0.2,0.1"], "rise"),
        (["in", "--classes", ""], "not nothing"),
        (["in", "--scale", "none.csv"], "none.csv"),
        (["in", "--scale", "bad.csv"], "no such photo"),
        (["in", "--false-alarms", "1"], "--false-alarms"),
        (["in", "--bundle", "nowhere"], "nowhere"),
        (["nothing-here"], "nothing-here"),
    ],
)
def test_refusals_are_one_line_before_any_work(tmp_path, monkeypatch, capsys, words, says):
    (tmp_path / "in").mkdir()
    images.write_png(surfaces.generate(0, (64, 64)).pixels, tmp_path / "in" / "0.png")
    (tmp_path / "bad.csv").write_text("path,mm_per_px\nother.png,1\n")
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", *words, "-o", "out"]) == 2
    assert says in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_photo_that_is_too_large_names_the_option_and_is_done_once_it_is_raised(photos, bundle, tmp_path, capsys):
    words = ["inspect", str(photos / "0.jpg"), "-o", str(tmp_path / "out"), "--bundle", bundle]
    assert main([*words, "--most-megapixels", "0.01"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "160 x 128 pixels, over the limit of 0.01 megapixels" in printed.replace("128 x 160", "160 x 128")
    assert "--most-megapixels" in printed
    assert main([*words, "--resume"]) == 0
    assert "unreadable" not in capsys.readouterr().out


def test_a_foreign_folder_is_refused(photos, bundle, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["inspect", str(photos), "-o", str(tmp_path), "--bundle", bundle]) == 2
    assert "not empty" in one_line(capsys.readouterr().err)
