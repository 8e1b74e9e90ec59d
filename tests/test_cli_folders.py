"""Where results shall go is asked before the work, and nothing is made that is not filled."""

from pathlib import Path

import numpy as np
import pytest

from crackscope import datasets, images
from crackscope.adaptation import adapt
from crackscope.cli import main
from crackscope.cli.folders import vacant
from crackscope.cli.judgement import Sitting, judge
from crackscope.errors import OutputError
from crackscope.files import file_to_be, replaceable, writable
from crackscope.scoring import quantise
from tests.small_bundle import write_small_bundle
from tests.small_kills import kill_at
from tests.small_patches import write_patches
from tests.small_rights import as_nobody, open_folder
from tests.test_cli_interrupts import program

CALLS = [
    ["scan", "nowhere", "--bundle", "default", "--doubts"],
    ["evaluate", "default", "nowhere", "-o"],
    ["compare", "nowhere", "nowhere", "-o"],
    ["adapt", "default", "nowhere", "-o"],
    ["matrix", "--on", "a=nowhere", "--bundle", "default", "-o"],
    ["train", "nowhere", "--recipe", "probe", "--weights", "none", "-o"],
    ["generate", "-n", "2", "-o"],
    ["demo", "-o"],
    ["bundle", "export", "nowhere", "--int8", "--calibrate", "nowhere", "-o"],
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_way_is_named_before_anything_is_read(tmp_path, capsys, call, below):
    (tmp_path / "file").write_text("mine")
    assert main([*call, str(tmp_path / "file" / below)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "in the way" in said
    assert (tmp_path / "file").read_text() == "mine"


FILES = [
    ["split", "nowhere", "-o"],
    ["bundle", "export", "nowhere", "--onnx"],
    ["bundle", "export", "nowhere", "--deepness"],
    ["bundle", "export", "nowhere", "--int8", "--calibrate", "nowhere", "-o", "new", "--onnx"],
]
"""Calls that end with the name of a file to write."""

OF_PICTURES = [["inspect", "p.png", "-o"], ["suggest", "default", "p.png", "-o"], ["explain", "p.png", "-o"]]
"""Calls that look for their pictures before they ask where to write."""


@pytest.mark.parametrize("call", [*OF_PICTURES, *CALLS, *FILES], ids=lambda call: f"{call[0]} {call[-1]}")
@pytest.mark.parametrize("below", ["x", "deeper/still"])
def test_where_nothing_can_be_made_is_named_before_anything_is_read(tmp_path, monkeypatch, capsys, call, below):
    """To root, rights alone do not tell it: in /proc it has them all."""
    monkeypatch.chdir(tmp_path)
    Path("p.png").write_bytes(b"no picture")
    assert main([*call, f"/proc/{below}"]) == 2
    said = f"no folder can be made there, /proc/{below}, name one elsewhere\n"
    if call in FILES:
        place = "no file can be made there, /proc" if below == "x" else "no folder can be made there, /proc/deeper"
        said = f"cannot write /proc/{below}: {place}, name one elsewhere\n"
    assert capsys.readouterr().err == f"crackscope: {said}"
    assert [one.name for one in tmp_path.iterdir()] == ["p.png"]


@pytest.mark.parametrize("call", FILES, ids=lambda call: f"{call[0]} {call[-1]}")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("file/below", "cannot write file/below: a file is in the way of the folder, file, name another one"),
        ("folder", "cannot write folder: something is in the way that is no plain file; name another"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_named_before_anything_is_read(
    tmp_path, monkeypatch, capsys, call, name, says
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    Path("folder").mkdir()
    assert main([*call, name]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    assert Path("file").read_text() == "mine"
    assert {one.name for one in tmp_path.rglob("*")} == {"file", "folder"}


def test_a_bundle_takes_the_place_of_no_folder_that_cannot_be_moved(tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    calls = [["adapt", "default", "nowhere"], ["bundle", "export", "nowhere", "--int8", "--calibrate", "nowhere"]]
    for call in calls:
        for out, within in (
            (".", "bundle"),
            (str(tmp_path / "empty"), f"{tmp_path}/empty/bundle"),
            ("..", "../bundle"),
        ):
            assert main([*call, "-o", out]) == 2
            said = capsys.readouterr().err
            assert said.endswith(f"nothing takes that of {out}: name a new folder within it, such as {within}\n")
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("call", [["inspect", "p.png", "-o"], *CALLS], ids=lambda call: call[0])
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path, monkeypatch, capsys, call):
    monkeypatch.chdir(tmp_path)
    images.write_png(np.full((64, 64, 3), 90, np.uint8), "p.png")
    assert main([*call, "x" * 300]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "the folder cannot be" in said
    assert "name another" in said


@pytest.mark.parametrize(
    "call", ["inspect mine/wall.png", "inspect mine", "explain mine/wall.png", "suggest default mine"]
)
@pytest.mark.parametrize("out", ["mine", "."])
def test_a_folder_that_holds_the_photos_is_named_as_such(tmp_path, monkeypatch, capsys, call, out):
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    images.write_png(np.full((64, 64, 3), 90, np.uint8), "mine/wall.png")
    assert main([*call.split(), "-o", out]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"crackscope: the folder is not empty, {out}, it holds a picture of the call, mine/wall.png; name a new one\n"
    )
    assert [one.name for one in tmp_path.rglob("*")] == ["mine", "wall.png"]


def test_8_bits_go_into_a_new_or_empty_folder_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for folder in ("bundle", "empty", "foreign"):
        Path(folder).mkdir()
    Path("foreign", "notes.txt").write_text("mine")
    Path("bundle", "bundle.json").touch()
    Path("link").symlink_to("empty")
    call = ["bundle", "export", "nowhere", "--onnx", "a.onnx", "--int8", "--calibrate", "nowhere", "-o"]
    in_the_way = {
        "foreign": "the folder is not empty, foreign, name a new one",
        "bundle": "the folder is not empty, bundle, name a new one",
        "link": "a link is in the way",
    }
    for out, says in in_the_way.items():
        assert main([*call, out]) == 2
        assert says in capsys.readouterr().err
    for out in ("empty", "new"):
        assert main([*call, out]) == 2
        assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "first", "last", "what"),
    [
        (["evaluate", "default", "nowhere", "-o"], "metrics.json", "report.html", "an evaluation"),
        (["compare", "nowhere", "nowhere", "-o"], "compare.csv", "compare.html", "a comparison"),
        (["matrix", "--on", "a=nowhere", "--bundle", "default", "-o"], "matrix.json", "matrix.html", "a matrix"),
        (["scan", "nowhere", "--bundle", "default", "--doubts"], "doubts.csv", "doubts.jpg", "a sheet of doubts"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_a_result_is_written_over_no_other(tmp_path, capsys, call, first, last, what):
    """Before anything is read. What a full disk left half-written is in nobody's way, a run or pictures are."""
    (tmp_path / first).touch()
    assert main([*call, str(tmp_path)]) == 2
    assert "nowhere" in capsys.readouterr().err
    (tmp_path / "run.json").touch()
    assert main([*call, str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == f"crackscope: the folder is not empty, {tmp_path}, name a new one\n"
    (tmp_path / last).write_text("mine")
    assert main([*call, str(tmp_path)]) == 2
    assert capsys.readouterr().err == (f"crackscope: {what} is already in {tmp_path}, name a new folder\n")
    assert (tmp_path / last).read_text() == "mine"


def test_the_call_that_a_full_disk_ended_is_made_again(tmp_path, capsys):
    """All that it writes before its last file may lie there: it comes to where it misses what it is to read."""
    data, bundle = str(write_patches(tmp_path / "data", 10)), str(write_small_bundle(tmp_path / "bundle").path)
    ev = str(tmp_path / "ev")
    calls = {
        "report.html": ["evaluate", bundle, data, "--part", "all", "-o", ev],
        "compare.html": ["compare", ev, ev + "/", "-o", str(tmp_path / "compared")],
        "matrix.html": ["matrix", "--on", f"a={data}", "--bundle", bundle, "-o", str(tmp_path / "matrix")],
        "doubts.jpg": ["scan", data, "--bundle", bundle, "--doubts", str(tmp_path / "doubts")],
    }
    for last, call in calls.items():
        assert main(call) == 0
        (Path(call[-1]) / last).unlink()
    (tmp_path / "data").rename(tmp_path / "moved")
    assert main(calls.pop("compare.html")) == 0
    for call in calls.values():
        assert main(call) == 2
        assert capsys.readouterr().err.startswith(f"crackscope: {data}: no such folder")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Path:
    """A folder with data, a bundle and an evaluation."""
    folder = tmp_path_factory.mktemp("labelled")
    data, bundle = write_patches(folder / "data", 10), write_small_bundle(folder / "bundle").path
    assert main(["evaluate", str(bundle), str(data), "--part", "all", "-o", str(folder / "ev")]) == 0
    return folder


REPORTS = [
    ("jinja2", "evaluate bundle data --part all -o"),
    ("jinja2", "compare ev ev/ -o"),
    ("jinja2", "matrix --on a=data --bundle bundle -o"),
    ("matplotlib.figure", "scan data --bundle bundle --doubts"),
    ("jinja2", "explain data/crack/0000.png --bundle bundle -o"),
]


@pytest.mark.parametrize(("module", "words"), REPORTS, ids=lambda one: one.partition(" ")[0])
def test_an_interrupt_leaves_no_half_of_a_report(labelled, tmp_path, monkeypatch, module, words):
    """It comes when the page, or the sheet, is made: what is written before lies there by then."""
    monkeypatch.chdir(labelled)
    ended = program(module, False, *words.split(), str(tmp_path / "out"))
    assert (ended.returncode, ended.stderr) == (130, "crackscope: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [words for _, words in REPORTS], ids=lambda words: words.partition(" ")[0])
def test_what_a_kill_leaves_is_in_nobodys_way_and_goes(labelled, tmp_path, monkeypatch, words):
    monkeypatch.chdir(labelled)
    out = tmp_path / "out"
    kill_at(2, *words.split(), str(out))
    assert all(one.name.endswith(".part") for one in out.iterdir())
    assert main([*words.split(), str(out)]) == 0
    assert not any(one.name.endswith(".part") for one in out.iterdir())


@pytest.mark.parametrize(
    "call",
    [
        ["evaluate", "default", "DATA", "-o"],
        ["matrix", "--on", "a=DATA", "--bundle", "default", "-o"],
        ["scan", "DATA", "--bundle", "default", "--doubts"],
        ["train", "DATA", "-o"],
    ],
    ids=lambda call: call[0],
)
@pytest.mark.parametrize("below", ["", "judged/deeper"])
def test_nothing_is_written_among_the_pictures_that_are_judged(tmp_path, capsys, call, below):
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    out = tmp_path / "link" / below
    assert main([*(word.replace("DATA", str(data)) for word in call), str(out)]) == 2
    said = capsys.readouterr().err
    assert said == f"crackscope: {out} lies in the data set {data}, which it would change, name a folder outside\n"
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("option", ["--onnx", "--deepness"])
def test_an_exported_network_writes_over_no_file(tmp_path, capsys, option):
    mine = tmp_path / "mine.onnx"
    mine.write_text("mine")
    assert main(["bundle", "export", "default", option, str(mine)]) == 2
    said = capsys.readouterr().err
    assert said == f"crackscope: a file is there already, {mine}, name a new one\n"
    assert mine.read_text() == "mine"


WITH_OUT = (
    "demo",
    "split data",
    "train data",
    "evaluate default data",
    "compare one two",
    "inspect photos",
    "explain photo.jpg",
    "matrix --on a=data --bundle default",
    "adapt default data",
    "suggest default photos",
    "generate",
    "bundle export --int8 --calibrate data",
)


@pytest.mark.parametrize("words", WITH_OUT)
def test_an_empty_name_is_refused_by_every_command(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*words.split(), "-o", ""]) == 2
    told = capsys.readouterr().err
    assert told.startswith("crackscope: the name behind -o / --out is empty, say where to write")
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_evaluation_that_another_call_wrote_meanwhile_is_left_as_it_is(way, tmp_path):
    page = tmp_path / "judged" / "report.html"
    page.parent.mkdir()
    page.write_text("of the other call")
    with pytest.raises(OutputError, match="an evaluation is already in"):
        judge(way.bundle, datasets.read_split(way.split), Sitting(out=page.parent, new=True))
    assert [one.name for one in page.parent.iterdir()] == ["report.html"]
    assert page.read_text() == "of the other call"


def test_nothing_is_made_by_asking(tmp_path):
    assert writable(tmp_path / "a" / "b") == vacant(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert not list(tmp_path.iterdir())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert writable(tmp_path / "full")
    with pytest.raises(OutputError, match="not empty"):
        vacant(tmp_path / "full")


def test_a_link_to_nowhere_is_in_the_way(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(OutputError, match="in the way"):
        writable(tmp_path / "link")


def test_a_folder_without_rights():
    with open_folder() as folder:
        (folder / "empty").mkdir()
        (folder / "empty").chmod(0o777)
        folder.chmod(0o555)
        with as_nobody():
            for name in ("new", "new/below"):
                with pytest.raises(OutputError, match="not allowed"):
                    writable(folder / name)
            with pytest.raises(OutputError, match="not allowed"):
                file_to_be(folder / "new.csv")
            assert writable(folder / "empty")
            with pytest.raises(OutputError, match=f"not allowed to write there, {folder}, "):
                replaceable(folder / "empty")


def test_a_bundle_that_nothing_can_take_the_place_of_is_refused_before_pictures_are_read():
    with open_folder() as folder:
        (folder / "empty").mkdir()
        (folder / "empty").chmod(0o777)
        folder.chmod(0o555)
        with as_nobody():
            for write in (
                lambda: adapt("nowhere", "nowhere", folder / "empty"),
                lambda: quantise("nowhere", ["nowhere"], folder / "empty"),
            ):
                with pytest.raises(OutputError, match=f"not allowed to write there, {folder}, "):
                    write()
