"""The whole way by the command line, on generated surfaces: from `generate` to `compare`, and `demo`."""

import csv
import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from crackscope.cli import main
from crackscope.cli.training_bar import TrainingBar
from crackscope.training import Progress
from tests.small_patches import write_patches
from tests.small_way import FEW, SMALL, lines, pictures


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
    assert report["pictures"] == 40
    assert report["labels"] == {"crack": 20, "sound": 20}
    assert main(["scan", str(way.data)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["crack", "sound"] in rows
    assert ["all", "20", "20"] in rows


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


def test_train_says_what_each_epoch_came_to_where_no_terminal_shows_it(way, tmp_path, capsys):
    first, second, *rest = way.told.splitlines()
    figures = r"loss \d\.\d+, accuracy [01](\.\d+)?"
    assert re.fullmatch(rf"epoch 1 of 2: {figures}, \d+ s left", first)
    assert re.fullmatch(rf"epoch 2 of 2: {figures}", second)
    assert rest[0].startswith("trained in ")
    for number, silent in enumerate(("--quiet", "--json")):
        assert main(["train", str(way.split), "-o", str(tmp_path / str(number)), *SMALL, "--no-evaluate", silent]) == 0
        assert "epoch 1 of 2" not in capsys.readouterr().out


def test_a_remark_before_the_first_epoch_is_no_line_of_an_epoch(capsys):
    with TrainingBar(quiet=False, lines=True) as bar:
        bar(Progress(stage="training", remark="it goes on with epoch 1 of 2"))
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "it goes on with epoch 1 of 2\n")


def test_train_says_of_what_the_time_left_is(capsys):
    bar = TrainingBar(quiet=False, lines=True)
    bar(Progress(stage="training", phase=1, phases=2, epoch=1, epochs=3, done=4, total=4, seconds_left=8))
    bar(Progress(stage="fitting", total=8, seconds_left=8))
    first, second = capsys.readouterr().out.splitlines()
    assert first == "phase 1 of 2, epoch 1 of 3: 8 s left of this phase"
    assert second.endswith("0 of 8, 8 s left of this step")


def test_train_says_within_a_long_epoch_how_long_it_takes(capsys):
    bar = TrainingBar(quiet=False, lines=True, silence=0)
    bar(Progress(stage="training", phase=1, phases=1, epoch=1, epochs=20, done=0, total=360))
    bar(Progress(stage="training", phase=1, phases=1, epoch=1, epochs=20, done=3, total=360, seconds_left=136_800))
    assert capsys.readouterr().out == "epoch 1 of 20, training: 3 of 360, 38 h 0 min left\n"
    patient = TrainingBar(quiet=False, lines=True, silence=3600)
    patient(Progress(stage="training", phase=1, phases=1, epoch=1, epochs=20, done=3, total=360, seconds_left=136_800))
    assert capsys.readouterr().out == ""


def test_train_that_is_done_has_nothing_to_resume(way, capsys):
    before = (way.run / "bundle" / "bundle.json").read_bytes()
    assert main(["train", str(way.split), "-o", str(way.run), *SMALL, "--resume", "--no-evaluate", "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert told["run"]["bundle"] == way.bundle
    assert told["evaluation"] is None
    assert (way.run / "bundle" / "bundle.json").read_bytes() == before


def test_a_run_that_is_done_is_told_wherever_it_was_copied_to(way, tmp_path, capsys):
    """Its split names the pictures by where they lie from it, so from another depth none is there."""
    run = shutil.copytree(way.run, tmp_path / "much" / "deeper" / "run")
    call = ["train", str(way.split), "-o", str(run), *SMALL, "--resume", "--json"]
    assert main([*call, "--no-evaluate"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert told["run"]["bundle"] == str(run / "bundle")
    assert main(call) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "is trained, but cannot be judged" in told.err
    assert f"judge it on pictures that are there with `crackscope evaluate {run} DATA`" in told.err


def test_train_says_that_there_was_no_run_to_go_on_with(way, tmp_path, capsys):
    typed = tmp_path / "rum"
    call = ["train", str(way.split), "-o", str(typed), *SMALL, "--resume", "--no-evaluate"]
    assert main(call) == 0
    assert capsys.readouterr().err == f"there is no run to go on with in {typed}: it begins anew\n{FEW}"
    assert main(call) == 0
    assert capsys.readouterr().err == ""
    call[1] = str(tmp_path / "no such data")
    call[3] = str(tmp_path / "rim")
    assert main(call) == 2
    assert "begins anew" not in capsys.readouterr().err


def test_a_run_that_begins_anew_does_not_lie_in_its_data(tmp_path, capsys):
    data = write_patches(tmp_path / "data", 6)
    assert main(["train", str(data), "-o", str(data / "run"), *SMALL, "--resume", "--no-evaluate"]) == 2
    assert "lies in the data set" in capsys.readouterr().err
    assert not (data / "run").exists()


def test_train_says_first_that_copies_stand_on_both_sides(tmp_path, capsys):
    for part in ("train", "val", "test"):
        write_patches(tmp_path / "data" / part, 4)
    assert main(["train", str(tmp_path / "data"), "-o", str(tmp_path / "run"), *SMALL, "--no-evaluate"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("100.0% of the test pictures have a copy among those trained on, so accuracy on them may")


def test_train_without_a_test_part_says_so_first_and_judges_nothing(tmp_path, capsys):
    for part in ("train", "val"):
        write_patches(tmp_path / "data" / part, 10)
    run = tmp_path / "a run"
    assert main(["train", str(tmp_path / "data"), "-o", str(run), *SMALL]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0].startswith("there is no test part: what is trained is not judged here")
    last = printed.out.splitlines()[-1]
    assert last.startswith(f"not judged, there is no test part: crackscope evaluate '{run}' DATA --part all")
    assert (run / "bundle" / "bundle.json").is_file()
    assert not (run / "evaluation").exists()
    assert main(["train", str(tmp_path / "data"), "-o", str(run), *SMALL, "--resume", "--json"]) == 0
    (told,) = lines(capsys.readouterr().out)
    assert told["evaluation"] is None


@pytest.mark.parametrize("copied", [True, False])
def test_train_at_random_says_and_keeps_how_it_dealt(tmp_path, capsys, copied):
    data, run = write_patches(tmp_path / "data", 10), tmp_path / "run"
    for path in list(data.rglob("*.png")) * copied:
        shutil.copy(path, path.with_stem(f"{path.stem}-again"))
    assert main(["train", str(data), "-o", str(run), *SMALL, "--random", "--seed", "3"]) == 0
    printed = capsys.readouterr()
    kept, judged = (json.loads((run / name).read_text()) for name in ("run.json", "evaluation/metrics.json"))
    leak, few = kept["split"]["leak_share"], 4 if copied else 2
    parts = {"train": few * 3, "val": few, "test": few}
    told = {part: {"crack": count, "sound": count} for part, count in parts.items()}
    assert kept["split"] == {"kind": "random", "parts": told, "seed": 3, "leak_share": leak}
    assert kept["finished"]["dealt"] == kept["split"]
    facts = {"fingerprint": "", "random": True, "seed": 3, "leak_share": leak, "likely_groups": None}
    assert judged["split"] | {"fingerprint": ""} == facts
    first = printed.err.splitlines()[0]
    assert first.startswith(", ".join(f"{part} {count} crack and {count} sound" for part, count in parts.items()))
    if copied:
        assert leak > 0.5
        assert f"; dealt one by one: {leak:.1%} of the test pictures have a near-copy" in first
    else:
        assert leak == 0
    assert (f"{leak:.1%} of the test pictures have a near-copy in the train part" in printed.out) == copied


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


def test_split_writes_over_another_split_by_force_alone(way, tmp_path, capsys):
    out = tmp_path / "split.csv"
    deal = ["split", str(way.data), "-o", str(out), "--quiet"]
    assert main(deal) == 0
    first = out.read_bytes()
    assert main(deal) == 0
    assert main([*deal, "--seed", "5"]) == 2
    assert out.read_bytes() == first
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"another split is there already, {out}" in said
    assert "--force" in said
    assert main([*deal, "--seed", "5", "--force"]) == 0
    assert out.read_bytes() != first


def test_split_leaves_a_picture_alone(way, capsys):
    picture = pictures(way, "crack")[0]
    before = picture.read_bytes()
    assert main(["split", str(picture.parents[1]), "-o", str(picture)]) == 2
    assert "no split" in capsys.readouterr().err
    assert picture.read_bytes() == before


def test_train_says_first_how_many_steps_a_phase_takes_where_it_states_them(way, tmp_path, capsys):
    """Of calls that end where the weights are loaded."""
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    long = ["train", str(way.data), "--weights", str(broken)]
    assert main([*long, "-o", str(tmp_path / "long")]) == 2
    told, error = capsys.readouterr().err.splitlines()
    assert "20 epochs of 360 steps, 7,200 in all (--set phases.0.steps=N shortens it)" in told
    assert str(broken) in error
    assert main([*long, "-o", str(tmp_path / "probe"), "--recipe", "probe"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([*long, "-o", str(tmp_path / "quiet"), "--quiet"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["train", str(tmp_path / "nowhere"), "-o", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("active", [True, False])
def test_demo_names_the_program_as_it_can_be_called(tmp_path, capsys, monkeypatch, active):
    """In an environment that is not active, the shell does not find it."""
    here = Path(sys.executable).parent
    if not (here / "crackscope").is_file():
        pytest.skip("wants the package installed beside its Python")
    monkeypatch.setenv("PATH", str(here if active else tmp_path))
    monkeypatch.chdir(here.parent)
    assert main(["demo", "-o", str(tmp_path / "a demo"), "-n", "40", "--size", "64", "--weights", "none"]) == 0
    printed = capsys.readouterr().out
    program = "crackscope" if active else f"{here.name}/crackscope"
    assert f": {program} predict PICTURE --bundle '{tmp_path / 'a demo' / 'run' / 'bundle'}'\n" in printed
    assert f": {program} inspect PHOTO" in printed
    assert f"offline and in minutes:\n{program} train FOLDER --recipe probe --weights default\n" in printed


@pytest.mark.parametrize("named", [".", "../link"])
def test_demo_goes_the_whole_way_in_the_folder_of_the_last_one(tmp_path, monkeypatch, capsys, named):
    """However that is named: a folder that one is in, or a link to one, cannot be removed."""
    (tmp_path / "demo" / "patches").mkdir(parents=True)
    (tmp_path / "demo" / ".crackscope-demo").touch()
    (tmp_path / "demo" / "left.txt").write_text("of the last time")
    (tmp_path / "link").symlink_to("demo")
    monkeypatch.chdir(tmp_path / "demo")
    assert main(["demo", "-o", named, "-n", "40", "--size", "64", "--weights", "none"]) == 0
    assert not (tmp_path / "demo" / "left.txt").exists()
    printed = capsys.readouterr().out
    assert "The network begins with random numbers;" in printed
    assert "only the last one learns what a crack is." in printed
    report = next(line for line in printed.splitlines() if line.startswith("Open this")).partition(": ")[2]
    assert Path(report).is_file()
    assert "verdict" in printed
    assert main(["predict", str(tmp_path / "demo" / "new"), "--bundle", str(tmp_path / "demo/run/bundle")]) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--weights", "absent.safetensors"], "there is no weights file or bundle absent.safetensors"),
        (["--recipe", "prob"], "probe"),
        (
            ["--recipe", "mobilenetv2-finetune"],
            "lacks weights that mobilenetv2-finetune begins with: give --weights none, publisher or FILE\n",
        ),
    ],
)
def test_demo_says_before_it_draws_what_cannot_be_trained(tmp_path, capsys, words, says):
    (tmp_path / ".crackscope-demo").touch()
    (tmp_path / "left.txt").write_text("of the last time")
    assert main(["demo", "-o", str(tmp_path), *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert "--set" not in printed.err
    assert (tmp_path / "left.txt").exists()


def test_demo_leaves_a_folder_of_others_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_scan_says_what_keeps_copies_apart(way, tmp_path, capsys):
    for label in ("crack", "sound"):
        (tmp_path / label).mkdir()
        for path in pictures(way, label)[:4]:
            (tmp_path / label / path.name).write_bytes(path.read_bytes())
    assert main(["scan", str(tmp_path)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("no problems found")
    for number in range(4):
        (tmp_path / "crack" / f"again-{number}.jpg").write_bytes(pictures(way, "crack")[0].read_bytes())
    assert main(["scan", str(tmp_path)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("`crackscope split` keeps the copies on one side")
