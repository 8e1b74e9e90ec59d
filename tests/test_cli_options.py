"""Options that mean the same everywhere: --json gives one line of JSON and nothing else, --quiet no remarks."""

import json
import re
import shutil

import pytest

from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_docs import Page


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return str(write_small_bundle(tmp_path_factory.mktemp("bundles") / "small").path)


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patches") / "data"
    assert main(["generate", "-o", str(folder), "-n", "60", "--size", "48", "--no-masks", "--quiet"]) == 0
    return folder


def told(capsys):
    """The JSON that was printed, which must be one line."""
    printed = capsys.readouterr()
    assert printed.err == ""
    (line,) = printed.out.splitlines()
    return json.loads(line)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("train {patches} -o {out} --seed 99999999999999999999999", "'--seed': 99999999999999999999999 is not in the"),
        ("split {patches} -o {out} --seed 4294967296", "'--seed': 4294967296 is not in the range 0<=x<=4294967295"),
        ("generate -o {out} --seed 4294967296", "'--seed': 4294967296 is not in the range 0<=x<=4294967295"),
        ("generate -o {out} -n 99999999999999999999999", "is not in the range 1<=x<=1000000"),
        ("demo -o {out} -n 99999999999999999999999", "is not in the range 40<=x<=100000"),
        ("suggest default {patches} -o {out} -n 99999999999999999999999", "is not in the range 1<=x<=1000000"),
        ("predict {patches} --threads 99999999999999999999", "'--threads': 99999999999999999999 is not in the range"),
        ("generate -o {out} --threads 1025", "there is no option --threads"),
        ("scan {patches} --threads 1025", "'--threads': 1025 is not in the range 1<=x<=1024"),
    ],
)
def test_counts_beyond_any_use_are_refused_by_the_option_that_gave_them(patches, tmp_path, capsys, call, says):
    out = tmp_path / "out"
    assert main(call.replace("{patches}", str(patches)).replace("{out}", str(out)).split()) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_generate_as_json(tmp_path, capsys):
    assert main(["generate", "-o", str(tmp_path / "new"), "-n", "2", "--size", "32", "--json"]) == 0
    assert told(capsys) == {"out": str(tmp_path / "new"), "pictures": 2, "side_px": 32, "seed": 0}


def test_bundle_check_as_json(bundle, capsys):
    assert main(["bundle", "check", bundle, "--json"]) == 0
    assert told(capsys) == {"path": bundle, "whole": True}


def test_bundle_export_as_json(bundle, tmp_path, capsys):
    files = [str(tmp_path / name) for name in ("plain.onnx", "map.onnx")]
    assert main(["bundle", "export", bundle, "--onnx", files[0], "--deepness", files[1], "--json"]) == 0
    assert told(capsys) == {"written": files, "int8": None}


def test_compare_takes_seed_and_quiet(bundle, patches, tmp_path, capsys):
    split = str(tmp_path / "split.csv")
    assert main(["split", str(patches), "-o", split, "--threads", "1", "--quiet"]) == 0
    folders = [str(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        assert main(["evaluate", bundle, split, "-o", folder, "--quiet"]) == 0
    capsys.readouterr()
    assert main(["compare", *folders, "--seed", "7", "--json"]) == 0
    assert told(capsys)["seed"] == 7
    assert main(["compare", *folders, "--quiet"]) == 0
    assert "McNemar" not in capsys.readouterr().out


def test_threads_change_no_split(patches, tmp_path, capsys):
    for threads in ("1", "5"):
        assert main(["split", str(patches), "-o", str(tmp_path / f"{threads}.csv"), "--threads", threads]) == 0
        assert main(["scan", str(patches), "--threads", threads, "--json"]) == 0
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("{"))
    assert first == second
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "5.csv").read_bytes()


def test_recipes_are_listed_without_remarks(capsys):
    assert main(["recipes", "--quiet"]) == 0
    assert "prints one with its network" not in capsys.readouterr().out


def test_demo_as_json(tmp_path, capsys):
    call = ["demo", "-o", str(tmp_path / "demo"), "-n", "40", "--size", "64", "--weights", "none", "--json"]
    assert main(call) == 0
    facts = told(capsys)
    assert Page("json.md").faults("demo", facts) == []
    assert facts["out"] == str(tmp_path / "demo")
    assert facts["evaluation"]["n"] > 0
    assert len(facts["predictions"]) == 2
    (line, _) = (one.keys() for one in facts["predictions"])
    assert main(["predict", str(tmp_path / "demo/new/sound"), "--bundle", facts["run"]["bundle"], "--jsonl"]) == 0
    assert told(capsys).keys() == line
    assert {one["verdict"] for one in facts["predictions"]} <= {"crack", "sound", "cannot judge"}


@pytest.mark.parametrize(
    "words",
    [
        "scan DATA",
        "split DATA -o split.csv",
        "train DATA -o run",
        "train data -o run --recipe probe --weights DATA",
        "evaluate default DATA",
        "compare DATA DATA",
        "adapt default DATA -o mine",
    ],
)
def test_a_name_of_nothing_is_not_taken_for_the_folder_that_one_is_in(words, way, tmp_path, monkeypatch, capsys):
    """As "$DATA" of a shell in which that is not set."""
    run = shutil.copytree(way.run, tmp_path / "run")
    shutil.copytree(way.data, run / "data")
    monkeypatch.chdir(run)
    assert main(["" if word == "DATA" else word for word in words.split()]) == 2
    told = capsys.readouterr().err
    assert re.fullmatch(r"crackscope: the name of the (data|weights|evaluation) is empty[;:,] .*\n", told), told
