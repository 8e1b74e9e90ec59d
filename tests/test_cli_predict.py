"""`predict` as it is typed: by every way in, past what cannot be read, with names of every kind."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from crackscope import images, surfaces
from crackscope.bundles import VerdictRule
from crackscope.cli import main
from crackscope.encoding import original
from crackscope.images import Limits
from crackscope.scoring import pack
from crackscope.wording import of_100
from tests.small_bundle import small_manifest, small_model, write_small_bundle
from tests.small_way import lines, pictures
from tests.void_photos import wall


def test_predict_writes_a_line_each_in_order(way, capsys):
    names = [str(path) for path in [*pictures(way, "sound")[:3], *pictures(way, "crack")[:3]]]
    names.reverse()
    assert main(["predict", *names, "--bundle", way.bundle, "--jsonl"]) == 0
    told = lines(capsys.readouterr().out)
    assert [line["path"] for line in told] == names
    for line in told:
        keys = {"path", "verdict", "probability", "width", "height", "seconds", "tiles", "reason", "surface", "pages"}
        assert set(line) == keys | {"halved", "chance", "suspicious", "from_afar", "threshold", "bits", "in_grey"}
        assert line["verdict"] == ("crack" if line["probability"] >= line["threshold"] else "sound")
        assert line["chance"] is None  # a patch is called by its probability
        assert bool(line["reason"]) == (line["verdict"] == "cannot judge")
        assert (line["width"], line["height"]) == (64, 64)


@pytest.mark.parametrize("call", ["predict", "inspect"])
def test_a_picture_named_in_two_ways_is_looked_at_once(way, capsys, monkeypatch, tmp_path, call):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, path in enumerate(pictures(way, "crack")[:2]):
        shutil.copy(path, folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    given = ["in/1.png", "./in/1.png", "in", "./in", "in/../in", str(folder)]
    out = ["-o", "report", "--json"] if call == "inspect" else ["--jsonl"]
    assert main([call, *given, "--bundle", way.bundle, *out]) == 0
    told = capsys.readouterr().out
    if call == "predict":
        assert [line["path"] for line in lines(told)] == ["in/1.png", "in/0.png"]
    else:
        assert json.loads(told)["photos"] == 2


def test_predict_says_the_same_by_every_way_in(way, capsys, monkeypatch, tmp_path):
    path = pictures(way, "crack")[0]
    listed = tmp_path / "names.txt"
    listed.write_text(f"{path}\n")
    probabilities = []
    for given in ([str(path)], [str(path.parent / (path.stem + "*"))], ["--from-list", str(listed)], ["-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
        assert main(["predict", *given, "--bundle", way.bundle, "--jsonl", "--threads", str(len(given))]) == 0
        (line,) = lines(capsys.readouterr().out)
        probabilities.append(line["probability"])
    assert line["path"] == "-"
    assert len(set(probabilities)) == 1


@pytest.mark.parametrize(
    ("ends", "encoding"), [("\r\n", "utf-8-sig"), ("\r\n", "utf-16"), ("\0", "utf-8"), ("\n", "utf-8")]
)
@pytest.mark.parametrize("source", ["file", "-"])
def test_predict_reads_lists_of_every_make(way, capsys, monkeypatch, tmp_path, ends, encoding, source):
    names = [str(tmp_path / name) for name in ("a\u2028b.png", "line\nbreak.png" if ends == "\0" else " c.png")]
    for name in names:
        Path(name).write_bytes(pictures(way, "sound")[0].read_bytes())
    listed = "".join(f"{name}{ends}" for name in names).encode(encoding)
    (tmp_path / "list.txt").write_bytes(listed)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    given = str(tmp_path / "list.txt") if source == "file" else "-"
    assert main(["predict", "--from-list", given, "--bundle", way.bundle, "--jsonl"]) == 0
    assert [line["path"] for line in map(json.loads, capsys.readouterr().out.split("\n")[:-1])] == names


def test_a_list_in_windows_western_letters_is_read_where_something_is_called_so(way, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = ["Südwand €.png", os.fsdecode(b"\xfc.png"), "Größe 1.png", "Größe 2.png"]
    for name in names:
        Path(name).write_bytes(pictures(way, "sound")[0].read_bytes())
    Path("Süd").mkdir()
    for name in ("Süd/ß.png", "plain.png", "a\\b.png"):
        Path(name).write_bytes(pictures(way, "sound")[0].read_bytes())
    listed = ["Südwand €.png", "ü.png", "Größe*.png", "Süd\\ß.png", ".\\plain.png", "a\\b.png", "gone ü.png"]
    Path("list.txt").write_bytes("\r\n".join(listed).encode("cp1252"))
    assert main(["predict", "--from-list", "list.txt", "--bundle", way.bundle, "--jsonl"]) == 1
    told = capsys.readouterr()
    found = [names[0], r"\udcfc.png", *names[2:], "Süd/ß.png", "./plain.png", r"a\b.png", r"gone \udcfc.png"]
    assert [line["path"] for line in lines(told.out)] == found
    assert (
        r"list.txt is no UTF-8, and not all of its names are any in Windows' Western letters: save it as UTF-8"
        in told.err
    )


def test_a_list_may_have_remarks_but_a_picture_that_is_called_so_stays_one(way, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = ["# 1.png", "#2.png", "wall.png"]
    for name in names:
        Path(name).write_bytes(pictures(way, "sound")[0].read_bytes())
    Path("list.txt").write_text("# taken on Monday\n#\n# 1.png\n#2.png\nwall.png\n# the end")
    assert main(["predict", "--from-list", "list.txt", "--bundle", way.bundle, "--jsonl"]) == 0
    assert [line["path"] for line in lines(capsys.readouterr().out)] == names


def test_a_bundle_may_be_named_by_its_run_or_as_the_one_in_the_package(way, capsys):
    path = str(pictures(way, "crack")[0])
    for one, other in ((["--bundle", str(way.run)], ["--bundle", way.bundle]), (["--bundle", "default"], [])):
        told = []
        for given in (one, other):
            assert main(["predict", path, *given, "--jsonl"]) == 0
            told.append(lines(capsys.readouterr().out)[0]["probability"])
        assert told[0] == told[1]


@pytest.mark.parametrize("named", ["run", "run/bundle"])
def test_a_run_without_a_bundle_says_how_to_end_its_training(way, capsys, tmp_path, named):
    """As a kill in the middle of a training leaves it."""
    shutil.copytree(way.run, tmp_path / "run", ignore=shutil.ignore_patterns("bundle", "evaluation"))
    run, picture = tmp_path / "run", str(pictures(way, "crack")[0])
    for call in (["predict", picture, "--bundle"], ["bundle", "show"]):
        assert main([*call, str(tmp_path / named)]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"crackscope: {run} is a run without a bundle")
        assert f"add -o {run} --resume to the call of `crackscope train`" in told


def test_predict_ends_quietly_when_its_reader_has_left(way):
    reading, writing = os.pipe()
    os.close(reading)
    folders = [str(way.data / label) for label in ("crack", "sound")]
    command = [sys.executable, "-m", "crackscope", "predict", *folders, "--bundle", way.bundle, "--jsonl"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_predict_goes_on_past_what_cannot_be_read(way, capsys, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    good = str(pictures(way, "crack")[0])
    names = [str(tmp_path / "broken.jpg"), str(tmp_path / "absent.png"), good]
    assert main(["predict", *names, "--bundle", way.bundle, "--jsonl"]) == 1
    broken, absent, read = lines(capsys.readouterr().out)
    assert [broken["path"], absent["path"], read["path"]] == names
    assert absent["error"]["kind"] == "missing"
    assert set(broken["error"]) == {"kind", "message"}
    assert "verdict" in read


@pytest.mark.parametrize(("threshold", "verdict", "status"), [(0.0, "crack", 1), (1.0, "sound", 0)])
def test_predict_fails_on_a_crack_when_told(way, capsys, tmp_path, threshold, verdict, status):
    bundle = write_small_bundle(tmp_path / "b", threshold=threshold).path
    call = ["predict", str(way.data / "sound"), "--bundle", str(bundle), "--jsonl"]
    assert main(call) == 0
    assert {line["verdict"] for line in lines(capsys.readouterr().out)} == {verdict}
    assert main([*call, "--fail-on", "crack"]) == status


def photo_of_lines(path: Path) -> str:
    """Larger than two patches of the small bundle, with two dark lines."""
    pixels = np.random.default_rng(0).integers(140, 160, (256, 320, 3)).astype(np.uint8)
    pixels[96:101, 30:290] = pixels[152:157, 30:290] = 40
    images.write_png(pixels, path)
    return str(path)


def test_of_chance_and_threshold_a_line_has_what_its_verdict_rests_on(way, capsys):
    """By a bundle with a rule for photos; those are called by their chance, patches by their probability."""
    names = [str(path) for path in (*pictures(way, "sound")[:2], *pictures(way, "crack")[:2])]
    assert main(["predict", *names, "--jsonl"]) == 0
    judged = [line for line in lines(capsys.readouterr().out) if line["verdict"] != "cannot judge"]
    assert judged
    for line in judged:
        assert line["chance"] is None
        assert line["verdict"] == ("crack" if line["probability"] >= line["threshold"] else "sound")


def test_a_photo_called_sound_that_looks_cracked_stands_beside_how_often_sound_ones_do(capsys, tmp_path):
    rule = VerdictRule(kind="conformal", window_px=64, sound=(50.0, -50.0), chances=(0.001, 0.01))
    manifest = msgspec.structs.replace(small_manifest(), verdict=rule)
    bundle = pack(tmp_path / "b", manifest, model=small_model(), weights=None).path
    call = ["predict", photo_of_lines(tmp_path / "lines.png"), "--bundle", str(bundle)]
    assert main([*call, "--jsonl"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert (told["verdict"], told["probability"] > 0.5) == ("sound", True)
    assert 0.05 < told["chance"] < 1
    assert told["threshold"] is None
    assert main(call) == 0
    printed = " ".join(capsys.readouterr().out.split())
    seen = f"as much is seen in {of_100(told['chance'])} sound photos of its size"
    assert f"lines.png: looks like a crack, though {seen}: look at it" in printed


def test_predict_explains_a_crack_at_a_lower_probability_than_something_sound(way, capsys, tmp_path):
    """A photo is held against what sound ones of its size show, a patch against a threshold that all reach here."""
    rule = VerdictRule(kind="conformal", window_px=64, sound=(50.0, -50.0), chances=(0.001, 0.01))
    manifest = msgspec.structs.replace(small_manifest(), verdict=rule, threshold=0.001)
    bundle = pack(tmp_path / "b", manifest, model=small_model(), weights=None).path
    photo, patches = photo_of_lines(tmp_path / "lines.png"), [str(path) for path in pictures(way, "sound")[:2]]
    said = "a picture called cracked has a lower crack probability than one called sound"
    for named, explained in (([photo, *patches], True), ([photo], False), (patches, False)):
        assert main(["predict", *named, "--bundle", str(bundle)]) == 0
        assert explained is (said in " ".join(capsys.readouterr().out.split()))


def test_predict_names_what_is_called_sound_but_looks_cracked(way, capsys, tmp_path):
    bundle = write_small_bundle(tmp_path / "b", threshold=1.0).path
    call = ["predict", str(way.data / "crack"), str(way.data / "sound"), "--bundle", str(bundle)]
    assert main([*call, "--jsonl"]) == 0
    told = lines(capsys.readouterr().out)
    doubted = [line["path"] for line in told if line["probability"] >= 0.5]
    assert 0 < len(doubted) < len(told)
    assert main(call) == 0
    printed = capsys.readouterr().out
    assert [path for path in (line["path"] for line in told) if f"{path}: looks like a crack" in printed] == doubted
    assert f"{len(told)} pictures: {len(told)} sound ({len(doubted)} suspicious)" in printed


def test_predict_says_where_it_never_met_the_surfaces_of_what_it_calls_sound(capsys, tmp_path):
    """A tiled wall is none of the surfaces in the bundle; a bundle that reads all alike has nothing to tell."""
    images.write_png(surfaces.generate(3, (227, 227), cracked=False, kind="tile").pixels, tmp_path / "tiles.png")
    assert main(["predict", str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "the picture called sound looks like no surface that the bundle knows (asphalt, deck, metu, " in printed
    assert main(["predict", str(tmp_path), "--quiet"]) == 0
    assert "no surface that" not in capsys.readouterr().out
    assert main(["predict", str(tmp_path), "--bundle", str(write_small_bundle(tmp_path / "b", threshold=1).path)]) == 0
    printed = capsys.readouterr().out
    assert "1 sound" in printed
    assert "no surface that" not in printed


def test_predict_names_what_cannot_be_judged_but_looks_cracked(capsys, tmp_path):
    soft = cv2.GaussianBlur(wall(1, cracked=True, size=(227, 227)), (0, 0), 4)
    images.write_png(soft, tmp_path / "soft.png")
    images.write_png(soft // 64, tmp_path / "night.png")
    assert main(["predict", str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "cracks would be smeared out, but something looks like a crack: look at it" in printed
    assert "2 pictures: 2 cannot judge (1 looks like a crack all the same)" in printed
    assert main(["predict", str(tmp_path), "--jsonl"]) == 0
    assert [line["suspicious"] for line in lines(capsys.readouterr().out)] == [False, False]


def test_predict_prints_names_literally(way, capsys, tmp_path):
    picture = pictures(way, "sound")[0].read_bytes()
    (tmp_path / "[red]wall.png").write_bytes(picture)
    (tmp_path / "a\x1b[31m\n.png").write_bytes(picture)
    assert main(["predict", str(tmp_path), "--bundle", way.bundle]) == 0
    printed = capsys.readouterr().out
    assert "[red]wall.png" in printed
    assert r"a\x1b[31m\n.png" in printed
    assert "\x1b" not in printed
    assert main(["predict", str(tmp_path), "--bundle", way.bundle, "--jsonl"]) == 0
    assert {Path(line["path"]).name for line in lines(capsys.readouterr().out)} == {
        "[red]wall.png",
        "a\x1b[31m\n.png",
    }


def test_predict_writes_names_that_are_not_utf8(way, capsys, tmp_path):
    name = (str(tmp_path) + "/wall-\udcff.png").encode("utf-8", "surrogateescape")
    try:
        with open(name, "wb") as file:
            file.write(pictures(way, "sound")[0].read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert main(["predict", str(tmp_path), "--bundle", way.bundle, "--jsonl"]) == 0
    (line,) = lines(capsys.readouterr().out)
    assert line["path"] == f"{tmp_path}/wall-\\udcff.png"
    assert os.fsencode(original(line["path"])) == name


def test_predict_says_what_it_passes_over_and_gives_each_picture_one_line(way, capsys, tmp_path):
    for name in ("p.jpg", "q.jpg"):
        (tmp_path / name).write_bytes(pictures(way, "sound")[0].read_bytes())
    for name in ("p.gif", "q.heic"):
        (tmp_path / name).write_bytes(b"GIF89a")
    call = ["predict", str(tmp_path), str(tmp_path / "q.jpg"), "--bundle", way.bundle, "--jsonl"]
    assert main(call) == 0
    told = capsys.readouterr()
    assert [Path(line["path"]).name for line in lines(told.out)] == ["p.jpg", "q.jpg"]
    assert "passed over 2 photos in a format that is not read" in told.err
    assert f"({tmp_path / 'p.gif'}, ...)" in told.err
    assert main([*call, str(tmp_path / "p.gif")]) == 1
    told = capsys.readouterr()
    assert "passed over 1 photo in" in told.err
    assert len(lines(told.out)) == 3


def test_predict_says_which_pictures_have_no_name_of_one(way, capsys, tmp_path):
    content = pictures(way, "sound")[0].read_bytes()
    (tmp_path / "photo").write_bytes(content)
    call = ["predict", str(tmp_path), "--bundle", way.bundle, "--jsonl"]
    said = f"passed over 1 file that begins as a picture but has no name of one ({tmp_path / 'photo'})"
    assert main(call) == 2
    assert said in capsys.readouterr().err
    for name in ("a.png", "..jpg", ".hidden"):
        (tmp_path / name).write_bytes(content)
    assert main(call) == 0
    told = capsys.readouterr()
    assert [Path(line["path"]).name for line in lines(told.out)] == ["a.png"]
    assert "passed over 2 files that begin as pictures but have no name of one" in told.err
    assert main([*call, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_what_predict_advises_of_a_picture_that_is_too_large_can_be_typed(way, capsys, tmp_path):
    Image.new("1", (20_000, 8_001)).save(tmp_path / "plan.png")
    assert main(["predict", str(tmp_path / "plan.png"), "--bundle", way.bundle, "--jsonl"]) == 1
    (line,) = lines(capsys.readouterr().out)
    assert line["error"]["kind"] == "too-large"
    advice = (
        "cut it into pieces, or give it whole to `crackscope inspect` with --most-megapixels 161, which takes about "
        "1.4 to 2.3 GB of memory"
    )
    assert advice in line["error"]["message"]
    Limits(max_pixels=161_000_000).check_size(20_000, 8_001)
    for command in ("inspect", "predict"):
        assert main([command, "--help"]) == 0
        assert ("--most-megapixels" in capsys.readouterr().out) == (command == "inspect")


def test_a_list_without_an_end_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--from-list", "/dev/zero"]) == 2
    assert capsys.readouterr().err.startswith("crackscope: /dev/zero: cannot be read (it goes on for more than 256 MiB")
