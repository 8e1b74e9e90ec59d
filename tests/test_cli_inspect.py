"""`inspect` as a user calls it: what lies in the folder, the exit status, and refusals."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from crackscope import images, surfaces
from crackscope.cli import main
from crackscope.errors import several
from tests.small_bundle import write_small_bundle
from tests.small_calls import COUNT, drawn_photos, one_line


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_bundle(tmp_path_factory.mktemp("bundle") / "small").path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_photos(tmp_path_factory.mktemp("cli") / "photos")


@pytest.fixture(scope="module")
def calm(photos: Path, bundle: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inspection that was left alone."""
    out = tmp_path_factory.mktemp("calm") / "out"
    assert main(["inspect", str(photos), "-o", str(out), "--bundle", bundle, "--quiet"]) == 0
    return out


def test_folder_of_photos(calm, photos):
    assert (calm / "index.html").is_file()
    assert len(list((calm / "overlays").iterdir())) == COUNT
    facts = json.loads((calm / "inspection.json").read_text())
    assert [Path(one["photo"]).name for one in facts["photos"]] == [f"{number}.jpg" for number in range(COUNT)]


def test_one_sound_photo_more_changes_nothing_of_the_others(calm, photos, bundle, tmp_path):
    more, out = tmp_path / "photos", tmp_path / "out"
    shutil.copytree(photos, more)
    pixels = surfaces.generate(COUNT + 1, (160, 128), cracked=False, kind="plaster").pixels
    images.write_png(pixels, more / "2 again.png")
    assert main(["inspect", str(more), "-o", str(out), "--bundle", bundle, "--quiet"]) == 0
    counts = [json.loads((one / "inspection.json").read_text())["counts"] for one in (calm, out)]
    assert counts[1] == counts[0] | {"sound": counts[0]["sound"] + 1}
    for name in ("findings.csv", "findings.jsonl"):
        before = (calm / name).read_text().replace(str(photos), str(more))
        assert [line for line in (out / name).read_text().splitlines() if "2 again" not in line] == before.splitlines()
    for kind in ("heat", "overlays", "photos", "thumbs"):
        before = {one.name: one.read_bytes() for one in (calm / kind).iterdir()}
        assert before.items() <= {one.name: one.read_bytes() for one in (out / kind).iterdir()}.items()


def test_what_is_said(photos, bundle, tmp_path, capsys):
    assert main(["inspect", str(photos), "-o", str(tmp_path / "out"), "--bundle", bundle]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((tmp_path / "out" / "inspection.json").read_text())
    told = "{crack} cracked, {sound} sound, {cannot judge} cannot be judged".format(**facts["counts"])
    assert facts["counts"]["sound"] > 0
    plain = re.sub(r" \(\d+ (without a zone|less likely than not)\)", "", printed)
    assert f"{COUNT} photos: {told}; {facts['zones']} zones" in plain
    assert all(f"{number}.jpg" in printed for number in range(COUNT))
    assert str(tmp_path / "out" / "index.html") in printed


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


def test_photos_that_are_copies_are_told_and_told_apart(photos, bundle, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for name, number in (("a", 0), ("b", 1), ("c", 0), ("d", 0), ("e", 2)):
        shutil.copy(photos / f"{number}.jpg", given / f"{name}.jpg")
    call = ["inspect", str(given), "-o", str(out), "--bundle", bundle, "--all-zones"]
    assert main(call) == 0
    printed = capsys.readouterr().out
    with (out / "findings.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    copies = {Path(row["photo"]).name: Path(row["copy_of"]).name for row in rows if row["copy_of"]}
    assert copies == {"c.jpg": "a.jpg", "d.jpg": "a.jpg"}
    once = [row for row in rows if not row["copy_of"]]
    cracked = len({row["photo"] for row in once if row["verdict"] == "crack"})
    zones = sum(bool(row["zone"]) for row in once)
    assert zones < sum(bool(row["zone"]) for row in rows)
    said = (
        f"2 of 5 photos are copies of others, byte for byte ({given / 'c.jpg'} of {given / 'a.jpg'}, ...); without them"
    )
    assert f"{said}: {cracked} cracked, {several(zones, 'zone')}\n" in printed
    page = (out / "index.html").read_text()
    assert "2 of 5 photos are copies of others, byte for byte" in page
    assert "<bdi>d.jpg</bdi> is a copy of <bdi>a.jpg</bdi>" in page
    told = [json.loads(line) for line in (out / "findings.jsonl").read_text().splitlines()]
    assert {Path(line["photo"]).name for line in told if line["copy_of"]} == {"c.jpg", "d.jpg"}
    assert main([*call, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["copies"] == 2


@pytest.mark.parametrize(("named", "says"), [((0, 1, 2), "2 photos have no mm"), ((0, 1), "1 photo has no mm")])
def test_photos_without_a_row_in_the_table_are_counted(photos, bundle, tmp_path, capsys, named, says):
    table = tmp_path / "scale.csv"
    table.write_text("path,mm_per_px\n0.jpg,0.5\n")
    given = [str(photos / f"{number}.jpg") for number in named]
    assert main(["inspect", *given, "-o", str(tmp_path / "out"), "--bundle", bundle, "--scale", str(table)]) == 0
    assert f"{says}: no row in the table: add one for it, or give the scale otherwise\n" in capsys.readouterr().err


def test_rows_for_photos_that_are_not_given_are_counted_and_a_few_named(photos, bundle, tmp_path, capsys):
    table = tmp_path / "scale.csv"
    table.write_text(f"path,mm_per_px\n{photos}/1.jpg,1\n0.jpg,0.5\n2.jpeg,2\nother wall/3.jpg,2\n")
    words = ["inspect", str(photos / "0.jpg"), "-o", str(tmp_path / "out"), "--bundle", bundle, "--scale", str(table)]
    assert main(words) == 0
    told = f"{table}: 3 of 4 rows are for photos not named in this call (2.jpeg, other wall/3.jpg, ...)\n"
    assert capsys.readouterr().err.count(told) == 1
    (found,) = json.loads((tmp_path / "out" / "inspection.json").read_text())["photos"]
    assert found["scale"]["mm_per_px"] == 0.5


def test_scale_by_table_fills_mm(photos, bundle, tmp_path):
    table = tmp_path / "scale.csv"
    table.write_text("path,mm_per_px\n0.jpg,0.5\n")
    words = ["inspect", str(photos), "-o", str(tmp_path / "out"), "--bundle", bundle, "--quiet", "--all-zones"]
    assert main([*words, "--scale", str(table), "--preset", "eurocode2"]) == 0
    with (tmp_path / "out" / "findings.csv").open(newline="", encoding="utf-8-sig") as file:
        classes = {row["width_class"] for row in csv.DictReader(file) if row["photo"].endswith("0.jpg")}
    assert classes <= {"up to 0.2", "0.2-0.3", "0.3-0.4", "over 0.4"}
    assert classes


def test_the_report_says_what_the_bundle_was_judged_to_miss(photos, tmp_path):
    out = tmp_path / "out"
    assert main(["inspect", str(photos / "0.jpg"), "-o", str(out), "--quiet"]) == 0
    named = {one["name"]: one for one in json.loads((out / "inspection.json").read_text())["facts"]["figures"]}
    assert set(named) == {"misses", "false alarms on patches", "refuses"}
    assert named["misses"]["value"] in (out / "index.html").read_text()
    assert "held out from training" in named["misses"]["on"]


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
        (["in", "--classes", "0.1,0.2"], "need a scale, add one of --mm-per-px, --scale, --marker-mm, --distance-m"),
        (["in", "--scale-error", "0.02"], "--scale-error is of a scale, add one of --mm-per-px, --scale, --marker-mm"),
        (["in", "--scale-error", "0.02"], "--distance-m, or name georeferenced TIFFs, which have their own"),
        (["in", "--preset", "aci224r"], "--distance-m, or name georeferenced TIFFs, which have their own"),
        (["in", "--mm-per-px", "1", "--scale-error", "1"], "range 0<=x<1"),
        (["in", "--mm-per-px", "1", "--classes", "a,b"], "commas"),
        (["in", "--mm-per-px", "1", "--classes", "0.2,0.1"], "rise"),
        (["in", "--mm-per-px", "1", "--classes", "1", "--preset", "aci224r"], "exclude each other"),
        (["in", "--mm-per-px", "1", "--preset", "eurocode"], "eurocode2"),
        (["in", "--preset", "eurocode"], "there is no preset 'eurocode', name one of eurocode2, aci224r"),
        (["in", "--most-megapixels", "0"], "--most-megapixels"),
        (["in", "--most-megapixels", "nan"], "nan is no number to go by"),
        (["in", "--most-megapixels", "inf"], "inf is no number to go by"),
        (["in", "--most-megapixels", "1e308"], "range 0<x<=1000000"),
        (["in", "--classes", "0.2,0.1"], "rise"),
        (["in", "--classes", ""], "not nothing"),
        (["in", "--scale", "none.csv"], "none.csv"),
        (["in", "--scale", "0.2"], "--scale is the name of a table, one scale for all photos is --mm-per-px 0.2"),
        (["in", "--scale", "bad.csv"], "bad.csv: no row is for any of the photos, line 2 is for other.png, check it"),
        (["in", "--scale", "/dev/zero"], "/dev/zero: cannot be read (it goes on for more than 256 MiB"),
        (["in", "--false-alarms", "1"], "--false-alarms"),
        (["in", "--false-alarms", "1e-12"], "range 0.0001<=x<1"),
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


@pytest.mark.parametrize("command", ["inspect", "explain"])
def test_a_rate_of_false_alarms_is_refused_for_a_bundle_that_goes_by_its_threshold(
    photos, bundle, tmp_path, capsys, command
):
    words = [command, str(photos / "1.jpg"), "-o", str(tmp_path / "out"), "--bundle", bundle]
    assert main([*words, "--false-alarms", "0.05"]) == 2  # the default, but asked for
    told = one_line(capsys.readouterr().err)
    assert "the bundle small, which goes by a threshold alone" in told
    assert "--set calibrate=true --set verdict=conformal" in told
    assert not (tmp_path / "out").exists()


def test_a_photo_that_is_too_large_names_the_option_and_is_done_once_it_is_raised(photos, bundle, tmp_path, capsys):
    words = ["inspect", str(photos / "0.jpg"), "-o", str(tmp_path / "out"), "--bundle", bundle]
    assert main([*words, "--most-megapixels", "0.01"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "160 x 128 pixels, over the limit of 0.01 megapixels" in printed.replace("128 x 160", "160 x 128")
    assert "--most-megapixels" in printed
    assert main([*words, "--resume"]) == 0
    assert "unreadable" not in capsys.readouterr().out


def test_what_is_too_long_for_a_jpeg_is_one_unreadable_photo_among_others(photos, bundle, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for name, number in (("a", 0), ("z", 1)):
        shutil.copy(photos / f"{number}.jpg", given / f"{name}.jpg")
    for name, side in (("long", 65_500), ("longer", 65_501)):
        images.write_png(np.full((40, side), 128, np.uint8), given / f"{name}.png")
    assert main(["inspect", str(given), "-o", str(out), "--bundle", bundle, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["unreadable"] == 1
    told = json.loads((out / "inspection.json").read_text())["photos"]
    assert [Path(one["photo"]).name for one in told] == ["a.jpg", "long.png", "longer.png", "z.jpg"]
    assert ["error" in one for one in told] == [False, False, True, False]
    assert "65501 x 40 pixels, over the limit of 65500 a side" in told[2]["error"]["message"]


def test_a_foreign_folder_is_refused(photos, bundle, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["inspect", str(photos), "-o", str(tmp_path), "--bundle", bundle]) == 2
    assert "not empty" in one_line(capsys.readouterr().err)
