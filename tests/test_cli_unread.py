"""Pictures that cannot be read are named by every command that judges or trains, and end it with 1."""

import csv
import json
import os
import shutil

import pytest

from crackscope import datasets
from crackscope.cli import main
from crackscope.judging import evaluate
from crackscope.records import Row
from tests.small_bundle import write_small_bundle
from tests.small_page import Page
from tests.small_patches import write_patches
from tests.small_way import SMALL, lines

BROKEN = 7


@pytest.fixture
def data(tmp_path):
    """Of 40 pictures in class folders, the first 7 cracked ones are cut."""
    folder = write_patches(tmp_path / "data", 20)
    for path in broken(folder):
        path.write_bytes(path.read_bytes()[:60])
    return folder


@pytest.fixture
def bundle(tmp_path):
    return str(write_small_bundle(tmp_path / "bundle", threshold=0.4).path)


def broken(folder):
    return sorted((folder / "crack").iterdir())[:BROKEN]


def told(capsys):
    """What stderr says of unreadable pictures: the count, five of them with the reason, and how many more."""
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("left out: ", "unreadable: "))]


def is_told(said, folder):
    count, *few, more = said
    assert count == f"left out: {BROKEN} pictures that cannot be read"
    assert [line.split(": ")[1] for line in few] == [str(path) for path in broken(folder)[:5]]
    assert all(": it ends before the picture does" in line for line in few)
    assert more == "unreadable: 2 more, --json names them all"


def named(records):
    return sorted(one["path"] for one in records)


def test_evaluate(data, bundle, tmp_path, capsys):
    all_broken = [str(path) for path in broken(data)]
    assert main(["evaluate", bundle, str(data), "--part", "all", "-o", str(tmp_path / "ev")]) == 1
    is_told(told(capsys), data)
    assert named(json.loads((tmp_path / "ev" / "metrics.json").read_text())["unread"]) == all_broken
    assert "7 pictures are unreadable" in Page(tmp_path / "ev" / "report.html").text
    assert main(["evaluate", bundle, str(data), "--json"]) == 1
    (metrics,) = lines(capsys.readouterr().out)
    assert named(metrics["unread"]) == all_broken


def test_adapt(data, bundle, tmp_path, capsys):
    call = ["adapt", bundle, str(data), "-o", str(tmp_path / "adapted")]
    assert main(call) == 1
    is_told(told(capsys), data)
    assert main([*call, "--force", "--json"]) == 1
    (adapted,) = lines(capsys.readouterr().out)
    assert named(adapted["unread"]) == [str(path) for path in broken(data)]


def test_suggest(data, bundle, tmp_path, capsys):
    assert main(["suggest", bundle, str(data), "-n", "3", "-o", str(tmp_path / "out")]) == 1
    is_told(told(capsys), data)
    assert main(["suggest", bundle, str(data), "-n", "3", "-o", str(tmp_path / "other"), "--json"]) == 1
    (suggested,) = lines(capsys.readouterr().out)
    assert named(suggested["unread"]) == [str(path) for path in broken(data)]


def test_matrix(data, bundle, tmp_path, capsys):
    write_patches(tmp_path / "whole", 5)
    surfaces = ["--on", f"cut={data}", "--on", f"whole={tmp_path / 'whole'}"]
    assert main(["matrix", *surfaces, "--bundle", bundle, "-o", str(tmp_path / "m")]) == 1
    is_told(told(capsys), data)
    cut, whole = json.loads((tmp_path / "m" / "matrix.json").read_text())["columns"]
    assert named(cut["unread"]) == [str(path) for path in broken(data)]
    assert whole["unread"] == []
    page = Page(tmp_path / "m" / "matrix.html").text
    assert "cut: 7 pictures left out as unreadable" in page
    assert "whole: " not in page
    assert main(["matrix", *surfaces[2:], "--bundle", bundle, "--json"]) == 0


def test_train_tells_it_of_a_run_that_is_done_too(data, tmp_path, capsys):
    run = tmp_path / "run"
    call = ["train", str(data), "-o", str(run), *SMALL, "--max-unreadable", "0.3"]
    assert main(call) == 1
    is_told(told(capsys), data)
    facts = json.loads((run / "run.json").read_text())
    assert named(facts["finished"]["unread"]) == [str(path) for path in broken(data)]
    assert len(json.loads((run / "evaluation" / "metrics.json").read_text())["unread"]) == BROKEN
    assert main([*call, "--resume", "--no-evaluate"]) == 1
    is_told(told(capsys), data)


def parted(data, tmp_path):
    """A split of what can be read, with one cut picture more in its test part and a lost one in its training part."""
    dealt = datasets.split(data)
    lost = str(data / "crack" / "lost.png")
    rows = [Row(path=str(broken(data)[0]), label="crack", part="test"), Row(path=lost, label="crack", part="train")]
    with open(tmp_path / "split.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "part"])
        table.writerows((row.path, row.label, row.part) for row in (*dealt.rows, *rows))
    return tmp_path / "split.csv", str(broken(data)[0]), lost


def test_of_a_csv_with_parts_what_is_asked_for_counts(data, bundle, tmp_path, capsys):
    split, cut, lost = parted(data, tmp_path)
    for part, names in (("test", [cut]), ("train", [lost]), ("val", []), ("all", [cut, lost])):
        assert main(["evaluate", bundle, str(split), "--part", part, "--json"]) == (1 if names else 0)
        (metrics,) = lines(capsys.readouterr().out)
        assert named(metrics["unread"]) == sorted(names)
    assert main(["matrix", "--on", f"a={split}", "--bundle", bundle, "--part", "test"]) == 1
    assert [line.split(": ")[1] for line in told(capsys)] == ["1 picture that cannot be read", cut]
    assert main(["matrix", "--on", f"a={split}", *SMALL]) == 1
    assert sorted(line.split(": ")[1] for line in told(capsys)[1:]) == sorted([cut, lost])
    assert main(["train", str(split), "-o", str(tmp_path / "run"), *SMALL]) == 1
    assert sorted(line.split(": ")[1] for line in told(capsys)[1:]) == sorted([cut, lost])


def test_pictures_that_are_cut_in_a_csv_with_parts_are_left_out_before_anything_learns(data, tmp_path, capsys):
    rows = [*datasets.split(data).rows, *(Row(path=str(path), label="crack", part="train") for path in broken(data))]
    split = tmp_path / "split.csv"
    datasets.write_split(datasets.Split(rows=tuple(rows)), split)
    call = ["train", str(split), "-o", str(tmp_path / "run"), *SMALL]
    assert main(call) == 2
    assert "7 of 40 pictures cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert main([*call, "--max-unreadable", "0.3"]) == 1
    first, rest = capsys.readouterr().err.split("\n", 1)
    assert first.startswith(f"7 pictures that cannot be read are left out, the first: {broken(data)[0]}: it ends")
    is_told([line for line in rest.splitlines() if line.startswith(("left out: ", "unreadable: "))], data)
    assert len(datasets.read_split(tmp_path / "run" / "split.csv").rows) == 33


def test_one_cut_picture_in_the_training_part_of_a_csv_ends_no_matrix(data, tmp_path, capsys):
    cut = str(broken(data)[0])
    rows = (*datasets.split(data).rows, Row(path=cut, label="crack", part="train"))
    datasets.write_split(datasets.Split(rows=rows), tmp_path / "split.csv")
    assert main(["matrix", "--on", f"a={tmp_path / 'split.csv'}", *SMALL]) == 1
    assert [line.split(": ")[1] for line in told(capsys)] == ["1 picture that cannot be read", cut]


def test_a_tree_keeps_what_cannot_be_read_in_its_part(tmp_path, bundle):
    for part in ("train", "test"):
        write_patches(tmp_path / "tree" / part, 4)
    cut = tmp_path / "tree" / "train" / "crack" / "0000.png"
    cut.write_bytes(b"no picture")
    assert evaluate(bundle, tmp_path / "tree", resamples=5).unread == ()
    assert [one.path for one in evaluate(bundle, tmp_path / "tree", part="all", resamples=5).unread] == [str(cut)]


@pytest.mark.parametrize("given", ["data", "./data", "data/", "."])
def test_pictures_are_named_below_what_the_call_names(data, bundle, tmp_path, monkeypatch, capsys, given):
    monkeypatch.chdir(data if given == "." else tmp_path)
    below = os.path.join(given.rstrip("/"), "crack", broken(data)[0].name)
    calls = {
        "scan": ["scan", given],
        "evaluate": ["evaluate", bundle, given, "--part", "all"],
        "matrix": ["matrix", "--on", f"here={given}", "--bundle", bundle],
        "adapt": ["adapt", bundle, given, "-o", str(tmp_path / "adapted"), "--most-forgotten", "1", "--force"],
    }
    for name, call in calls.items():
        assert main(call) == 1, name
        printed = capsys.readouterr()
        assert f"unreadable: {below}: it " in printed.out + printed.err, name
        assert str(data) not in printed.err, name


def test_quiet_leaves_no_status_of_1_without_a_word(data, bundle, tmp_path, capsys):
    calls = [
        ["scan", str(data)],
        ["split", str(data), "-o", str(tmp_path / "split.csv")],
        ["evaluate", bundle, str(data), "--part", "all"],
        ["matrix", "--bundle", bundle, "--on", f"walls={data}"],
        ["suggest", bundle, str(data), "-n", "3", "-o", str(tmp_path / "to-label")],
        ["predict", str(data), "--bundle", bundle],
        ["inspect", str(data), "--bundle", bundle, "-o", str(tmp_path / "report")],
    ]
    for call in calls:
        assert main([*call, "--quiet"]) == 1
        said = capsys.readouterr()
        assert f"{broken(data)[0]}: it ends before the picture does" in said.out + said.err, call[0]
        if "-o" in call:
            assert said.out == ""
            assert len(said.err.splitlines()) <= BROKEN


def test_a_name_that_breaks_lines_is_told_once(data, bundle, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for path in broken(data)[1:]:
        path.unlink()
    broken(data)[0].rename(data / "crack" / "new\nline.png")
    for call in (["evaluate", bundle, "data", "--part", "all"], ["suggest", bundle, "data", "-o", "out"]):
        assert main(call) == 1
        (line,) = told(capsys)[1:]
        assert line.startswith("unreadable: data/crack/new\\nline.png: it ends before the picture does")
    assert main(["predict", "data", "--bundle", bundle]) == 1
    assert capsys.readouterr().out.count("new\\nline.png") == 1


def test_a_refusal_names_pictures_below_what_the_call_names(data, bundle, tmp_path, monkeypatch, capsys):
    shutil.copy(data / "sound" / "0003.png", data / "crack" / "wrong one.png")
    monkeypatch.chdir(tmp_path)
    for given, below in (("data", "data"), (str(data), str(data))):
        assert main(["adapt", bundle, given, "-o", "adapted"]) == 2
        said = capsys.readouterr().err
        assert f"one picture has both labels: {below}/crack/wrong one.png is labelled crack, and {below}/sound/" in said
        assert str(tmp_path) not in said or given != "data"
    table = tmp_path / "rows" / "all.csv"
    table.parent.mkdir()
    table.write_text("path,label\na.png,crack\nb.png,sound\n")
    assert main(["evaluate", bundle, "rows/all.csv", "--part", "all"]) == 2
    assert str(tmp_path) not in capsys.readouterr().err
