"""The whole way by the command line, on generated surfaces: from `generate` to `predict` and `demo`."""

import contextlib
import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crackscope.cli import main
from crackscope.files import original

SMALL = shlex.split(
    "--recipe probe --weights none --set input=64 --set phases.0.epochs=2 --set phases.0.batch=8 --threads 2"
)


@dataclass(frozen=True)
class Way:
    """What the fixture made: pictures in class folders, a split of them, a run, and what `train` said of it."""

    data: Path
    split: Path
    run: Path
    told: str

    @property
    def bundle(self) -> str:
        return str(self.run / "bundle")


@pytest.fixture(scope="module")
def way(tmp_path_factory) -> Way:
    folder = tmp_path_factory.mktemp("way")
    data, split, run = folder / "data", folder / "split.csv", folder / "run"
    assert main(["generate", "-o", str(data), "-n", "40", "--size", "64", "--seed", "7", "--quiet"]) == 0
    assert main(["split", str(data), "-o", str(split), "--quiet"]) == 0
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.redirect_stderr(io.StringIO()) as remarks:
        assert main(["train", str(split), "-o", str(run), *SMALL]) == 0
    assert remarks.getvalue() == ""
    return Way(data, split, run, told.getvalue())


def lines(text: str) -> list[dict]:
    """What was written as JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def pictures(way: Way, label: str) -> list[Path]:
    return sorted((way.data / label).glob("*.png"))


def test_generate_writes_what_it_says(way):
    rows = list(csv.DictReader(io.StringIO((way.data / "truth.csv").read_text())))
    assert len(rows) == 40
    assert {row["label"] for row in rows} == {"crack", "sound"}
    for row in rows:
        assert (way.data / row["path"]).is_file()
        assert bool(row["mask"]) == (row["label"] == "crack")
        assert not row["mask"] or (way.data / row["mask"]).is_file()


def test_generate_is_the_same_for_the_same_seed(way, tmp_path):
    assert main(["generate", "-o", str(tmp_path / "again"), "-n", "4", "--size", "64", "--seed", "7", "--quiet"]) == 0
    again = sorted((tmp_path / "again").rglob("*.png"))
    assert len(again) == 6
    assert all(path.read_bytes() == (way.data / path.relative_to(tmp_path / "again")).read_bytes() for path in again)


def test_generate_leaves_a_full_folder_alone(way, capsys):
    assert main(["generate", "-o", str(way.data), "-n", "2"]) == 2
    assert "not empty" in capsys.readouterr().err


def test_scan_counts(way, capsys):
    assert main(["scan", str(way.data), "--json"]) == 0
    (report,) = lines(capsys.readouterr().out)
    assert json.dumps(report).count("20") >= 2
    assert main(["scan", str(way.data)]) == 0
    printed = capsys.readouterr().out
    assert "crack" in printed
    assert "20" in printed


def test_scan_names_the_unreadable_one(way, tmp_path, capsys):
    for label in ("crack", "sound"):
        (tmp_path / label).mkdir()
        for path in pictures(way, label)[:2]:
            (tmp_path / label / path.name).write_bytes(path.read_bytes())
    (tmp_path / "crack" / "broken.jpg").write_bytes(b"no picture")
    assert main(["scan", str(tmp_path)]) == 1
    assert "broken.jpg" in "".join(capsys.readouterr())


def test_split_holds_every_picture_once(way):
    rows = list(csv.DictReader(io.StringIO(way.split.read_text())))
    assert len({row["path"] for row in rows}) == len(rows) == 40
    assert {row["part"] for row in rows} == {"train", "val", "test"}


def test_split_tells_programs(way, tmp_path, capsys):
    assert main(["split", str(way.data), "-o", str(tmp_path / "s.csv"), "--parts", "50:25:25", "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert sum(sum(counts.values()) for counts in told["parts"].values()) == 40
    assert 8 <= sum(told["parts"]["test"].values()) <= 12
    assert told["random"] is False


def test_train_leaves_a_run_and_its_judgement(way):
    for name in ("run.json", "history.csv", "bundle/bundle.json", "bundle/model.onnx"):
        assert (way.run / name).is_file()
    metrics = json.loads((way.run / "evaluation" / "metrics.json").read_text())
    assert 0 <= metrics["accuracy"]["low"] <= metrics["accuracy"]["value"] <= metrics["accuracy"]["high"] <= 1
    assert (way.run / "evaluation" / "report.html").is_file()


def test_train_leaves_another_run_alone(way, capsys):
    assert main(["train", str(way.split), "-o", str(way.run), *SMALL]) == 2
    assert "--resume" in capsys.readouterr().err


def test_train_says_what_it_did(way):
    assert f"bundle: {way.bundle}" in way.told
    assert "validation: loss" in way.told
    assert "balanced accuracy" in way.told
    assert way.told.rstrip().endswith(f"report: {way.run / 'evaluation' / 'report.html'}")


def test_train_that_is_done_has_nothing_to_resume(way, capsys):
    before = (way.run / "bundle" / "bundle.json").read_bytes()
    assert main(["train", str(way.split), "-o", str(way.run), *SMALL, "--resume", "--no-evaluate", "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert told["run"]["bundle"] == way.bundle
    assert told["evaluation"] is None
    assert (way.run / "bundle" / "bundle.json").read_bytes() == before


def test_train_without_weights_at_hand_names_the_ways(way, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    absent = str(tmp_path / "absent.safetensors")
    assert main(["train", str(way.split), "-o", str(tmp_path / "run"), "--recipe", "probe", "--weights", absent]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "absent.safetensors" in error


def test_evaluate_equals_what_the_run_holds(way, capsys):
    assert main(["evaluate", str(way.run), str(way.split), "--json"]) == 0
    (metrics,) = lines(capsys.readouterr().out)
    kept = json.loads((way.run / "evaluation" / "metrics.json").read_text())
    assert metrics["confusion"] == kept["confusion"]
    assert metrics["accuracy"] == kept["accuracy"]


def test_evaluate_prints_a_table_and_writes_a_report(way, tmp_path, capsys):
    arguments = ["evaluate", way.bundle, str(way.data), "--part", "all", "-o", str(tmp_path / "judged")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "balanced accuracy" in printed
    assert "40 pictures" in printed
    assert (tmp_path / "judged" / "report.html").is_file()


def test_compare(way, tmp_path, capsys):
    other = tmp_path / "other"
    assert main(["evaluate", str(way.run), str(way.split), "-o", str(other), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["compare", str(way.run), str(other), "-o", str(tmp_path / "page")]) == 0
    printed = capsys.readouterr().out
    assert "accuracy" in printed
    page = Path(printed.splitlines()[-1].removeprefix("report: "))
    assert page.parent == tmp_path / "page"
    assert page.is_file()
    assert main(["compare", str(way.run), str(other), "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert [one["name"] for one in told["contenders"]] == ["run", "other"]


def test_predict_writes_a_line_each_in_order(way, capsys):
    names = [str(path) for path in [*pictures(way, "sound")[:3], *pictures(way, "crack")[:3]]]
    names.reverse()
    assert main(["predict", *names, "--bundle", way.bundle, "--jsonl"]) == 0
    told = lines(capsys.readouterr().out)
    assert [line["path"] for line in told] == names
    for line in told:
        assert set(line) == {"path", "verdict", "probability", "width", "height", "seconds"}
        assert (line["width"], line["height"]) == (64, 64)
        assert line["verdict"] == ("crack" if line["probability"] >= 0.5 else "sound")


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


def test_predict_ends_quietly_when_its_reader_has_left(way):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "crackscope", "predict", str(way.data), "--bundle", way.bundle, "--jsonl"]
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


def test_predict_fails_on_a_crack_when_told(way, capsys):
    folder = str(way.data / "crack")
    main(["predict", folder, "--bundle", way.bundle, "--jsonl"])
    found = any(line["verdict"] == "crack" for line in lines(capsys.readouterr().out))
    assert main(["predict", folder, "--bundle", way.bundle, "--fail-on", "crack"]) == int(found)


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


@contextlib.contextmanager
def on_a_terminal(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command that runs on a terminal, all its streams, and our end of it."""
    ours, its = os.openpty()
    command = [sys.executable, "-m", "crackscope", *arguments]
    settings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=settings) as running:
        os.close(its)
        yield running, ours
    os.close(ours)


def read_until(word: str, terminal: int) -> str:
    """What a terminal shows until this word comes, or to the end."""
    shown = bytearray()
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
        while word.encode() not in shown and (chunk := os.read(terminal, 65536)):
            shown += chunk
    return shown.decode()


TO_THE_END = "\0"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_a_terminal_gets_progress_and_colour_unless_told_not_to(way):
    arguments = ["predict", str(way.data), "--bundle", way.bundle]
    with on_a_terminal(*arguments) as (_running, terminal):
        shown = read_until(TO_THE_END, terminal)
    assert "predicting" in shown
    assert "\x1b[1;31m" in shown or "\x1b[32m" in shown
    with on_a_terminal(*arguments, "--quiet", NO_COLOR="1") as (_running, terminal):
        shown = read_until(TO_THE_END, terminal)
    assert "predicting" not in shown
    assert not {code for code in ("31m", "32m", "33m") if code in shown}


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_train_interrupted_says_how_to_go_on(way, tmp_path):
    run = tmp_path / "run"
    endless = ["--set", "phases.0.epochs=100000", "--set", "phases.0.early_stopping.patience=0"]
    arguments = ["train", str(way.split), "-o", str(run), *SMALL, *endless]
    with on_a_terminal(*arguments, COLUMNS="500") as (running, terminal):
        # Epochs pass faster than a terminal is drawn, so which one is shown first is a matter of chance.
        assert " of 100000" in read_until(" of 100000", terminal)
        running.send_signal(signal.SIGINT)
        shown = read_until(TO_THE_END, terminal)
    assert running.returncode == 130
    assert f"interrupted, what was reached is kept in {run}, to go on add -o {run} --resume" in shown
    assert "Traceback" not in shown


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


def test_split_leaves_a_picture_alone(way, capsys):
    picture = pictures(way, "crack")[0]
    before = picture.read_bytes()
    assert main(["split", str(picture.parents[1]), "-o", str(picture)]) == 2
    assert "no split" in capsys.readouterr().err
    assert picture.read_bytes() == before


def test_bundle_show_and_check(way, capsys):
    assert main(["bundle", "show", str(way.run), "--json"]) == 0
    (facts,) = lines(capsys.readouterr().out)
    assert facts["classes"] == ["sound", "crack"]
    assert main(["bundle", "show", way.bundle]) == 0
    assert "stride" in capsys.readouterr().out
    assert main(["bundle", "check", way.bundle]) == 0


def test_bundle_check_finds_one_altered_byte(way, capsys, tmp_path):
    for path in Path(way.bundle).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = bytearray((tmp_path / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(content)
    assert main(["bundle", "check", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_bundle_export(way, tmp_path):
    onnx, deepness = tmp_path / "model.onnx", tmp_path / "deepness.onnx"
    assert main(["bundle", "export", way.bundle, "--onnx", str(onnx), "--deepness", str(deepness), "--quiet"]) == 0
    assert onnx.read_bytes() == (way.run / "bundle" / "model.onnx").read_bytes()
    assert deepness.stat().st_size > 0


@pytest.mark.skipif(sys.platform != "linux", reason="wants /proc")
@pytest.mark.parametrize("option", ["--onnx", "--deepness"])
def test_bundle_export_names_the_file_that_cannot_be_written(way, capsys, option):
    assert main(["bundle", "export", way.bundle, option, "/proc/model.onnx"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("crackscope: cannot write /proc/model.onnx: ")
    assert ".part" not in error


def test_recipes_show_the_network(capsys):
    assert main(["recipes", "mobilenetv2-freeze150"]) == 0
    printed = capsys.readouterr().out
    assert "block_16_project_BN" in printed
    assert all(count in printed for count in ("2,260,546", "415,362", "1,845,184"))
    assert main(["recipes", "mobilenetv2-finetune"]) == 0
    assert "phase 2: " in capsys.readouterr().out
    assert main(["recipes", "probe", "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert len(told["parameters"]) == len(told["recipe"]["phases"])


def test_demo_goes_the_whole_way(tmp_path, capsys):
    arguments = ["demo", "-o", str(tmp_path / "demo"), "-n", "40", "--size", "64", "--weights", "none"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    report = next(line for line in printed.splitlines() if line.startswith("Open this")).partition(": ")[2]
    assert Path(report).is_file()
    assert "verdict" in printed
    assert main(["predict", str(tmp_path / "demo" / "new"), "--bundle", str(tmp_path / "demo/run/bundle")]) == 0


def test_demo_makes_its_folder_anew(tmp_path, capsys):
    absent = str(tmp_path / "absent.safetensors")
    arguments = ["demo", "-o", str(tmp_path / "demo"), "-n", "40", "--size", "64", "--weights", absent, "--quiet"]
    assert main(arguments) == 2
    (tmp_path / "demo" / "left.txt").write_text("of the last time")
    assert main(arguments) == 2
    assert not (tmp_path / "demo" / "left.txt").exists()
    assert "absent.safetensors" in capsys.readouterr().err


def test_demo_leaves_a_folder_of_others_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "mine"
