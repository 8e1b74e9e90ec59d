"""What `split` and `scan` say of a data set besides its counts: in one line each, with what to do."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from crackscope import datasets
from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_data_set import data_set
from tests.small_labelled import picture
from tests.small_page import Page
from tests.small_way import SMALL


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_set(tmp_path_factory.mktemp("split") / "set", copies=0)


def as_tree(data: Path, tree: Path) -> dict[str, str]:
    """The data set dealt by another seed into folders train, val and test; the part of each name."""
    parts: dict[str, str] = {}
    for row in datasets.split(data, seed=9).rows:
        folder = tree / str(row.part) / row.label
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(row.path, folder)
        parts[f"{row.label}/{Path(row.path).name}"] = str(row.part)
    return parts


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(list(words)) == status
    return capsys.readouterr().out


def test_parts_that_are_dealt_anew_are_said_to_be(data, tmp_path, capsys):
    before, tree, table = as_tree(data, tmp_path / "tree"), str(tmp_path / "tree"), str(tmp_path / "tree.csv")
    said = told(capsys, "split", tree, "-o", table)
    after = {f"{row.label}/{Path(row.path).name}": row.part for row in datasets.read_split(table).rows}
    moved = sum(part != before[name] for name, part in after.items())
    assert moved > 5
    assert (
        f"the parts of {tree} were dealt anew: {moved} of 40 pictures moved; to keep them, give {tree} itself" in said
    )
    facts = json.loads(told(capsys, "split", tree, "-o", table, "--json"))
    assert (facts["moved"], facts["had_part"]) == (moved, 40)
    assert "dealt anew" not in told(capsys, "split", table, "-o", str(tmp_path / "same.csv"))
    assert f"the parts of {table} were" in told(capsys, "split", table, "-o", str(tmp_path / "x.csv"), "--seed", "3")
    assert "dealt anew" not in told(capsys, "split", str(data), "-o", str(tmp_path / "plain.csv"))


def test_of_parts_that_some_have_those_are_counted(data, tmp_path, capsys):
    rows = [
        f"{path},{path.parent.name},{'test' * (place < 4)}" for place, path in enumerate(sorted(data.rglob("*.jpg")))
    ]
    (tmp_path / "some.csv").write_text("path,label,part\n" + "\n".join(rows), encoding="utf-8")
    said = told(capsys, "split", str(tmp_path / "some.csv"), "-o", str(tmp_path / "out.csv"))
    assert re.search(r"dealt anew: [1-4] of 4 that had one moved", said)


@pytest.fixture
def contradictory(data, tmp_path) -> Path:
    """Five pictures stand under both labels."""
    shutil.copytree(data, tmp_path / "both")
    for number in range(5):
        shutil.copy(data / "crack" / f"{number}.jpg", tmp_path / "both" / "sound" / f"again{number}.jpg")
    return tmp_path / "both"


def test_labels_that_contradict_each_other_are_counted_by_split_and_named_by_scan(contradictory, tmp_path, capsys):
    said = told(capsys, "split", str(contradictory), "-o", str(tmp_path / "out.csv"))
    assert f"5 groups of copies hold both labels: `crackscope scan {contradictory}` names them" in said
    facts = json.loads(told(capsys, "split", str(contradictory), "-o", str(tmp_path / "out.csv"), "--json"))
    assert facts["conflicts"] == 5
    problem = next(
        line for line in told(capsys, "scan", str(contradictory)).splitlines() if "problem: 5 groups" in line
    )
    pairs = ", ".join(f"crack/{number}.jpg = sound/again{number}.jpg" for number in range(3))
    assert f"({pairs} and 2 more): give all copies of a picture the one right label, or remove them" in problem


def test_what_is_unreadable_is_told_alike(data, tmp_path, capsys):
    shutil.copytree(data, tmp_path / "some")
    for number in range(7):
        (tmp_path / "some" / "crack" / f"x{number}.jpg").write_bytes(b"no picture")
    assert main(["split", str(tmp_path / "some"), "-o", str(tmp_path / "out.csv")]) == 1
    split = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in split] == ["left out"] * 6
    assert split[-1] == "left out: 2 more, --json names them all"
    assert main(["scan", str(tmp_path / "some")]) == 1
    scan = [line for line in capsys.readouterr().out.splitlines() if line.startswith("unreadable: ")]
    assert [line.partition(": ")[2] for line in scan] == [line.partition(": ")[2] for line in split]


@pytest.mark.parametrize("command", ["scan", "split"])
def test_of_a_set_that_is_all_unreadable_one_file_is_enough(command, tmp_path, capsys):
    for label in ("crack", "sound"):
        (tmp_path / "bad" / label).mkdir(parents=True)
        for number in range(6):
            (tmp_path / "bad" / label / f"{number}.jpg").write_bytes(b"no picture")
    out = ["-o", str(tmp_path / "out.csv")] * (command == "split")
    assert main([command, str(tmp_path / "bad"), *out]) == 2
    said = capsys.readouterr().err
    assert "of 12 pictures none can be read: replace the files; the first: " in said
    assert [line.count(".jpg") for line in said.splitlines()] == [1]


def test_a_pattern_that_looks_right_is_named(tmp_path, capsys):
    for number in range(36):
        picture(tmp_path / "set" / ("crack", "sound")[number % 2] / f"{7000 + number // 3}-{number % 3}.png", number)
    line = r"file names look grouped by photo, 7000-0.png with 7000-1.png, 12 groups in all: --group-by '^(\d+)-' keeps"
    words = str(tmp_path / "set"), "-o", str(tmp_path / "out.csv")
    assert line in told(capsys, "scan", words[0])
    assert line in told(capsys, "split", *words)
    pattern = ["--group-by", r"^(\d+)-"]
    assert "--group-by" not in told(capsys, "scan", words[0], *pattern)
    assert "--group-by" not in told(capsys, "split", *words, *pattern, "--force")
    assert "--group-by" not in told(capsys, "split", *words, "--random", "--force")
    assert told(capsys, "split", *words, "--quiet", "--force") == ""
    facts = [json.loads(told(capsys, *call, "--json")) for call in (("scan", words[0]), ("split", *words, "--force"))]
    assert facts[0]["likely_groups"] == facts[1]["likely_groups"]
    assert facts[1]["likely_groups"]["pattern"] == r"^(\d+)-"
    assert json.loads(told(capsys, "split", *words, *pattern, "--force", "--json"))["likely_groups"] is None
    bundle = str(write_small_bundle(tmp_path / "bundle").path)
    line = line.replace("keeps", "counts each as one, else intervals may")
    for call, there in (
        (["evaluate", bundle, words[0], "--part", "all"], line),
        (["matrix", "--on", f"walls={words[0]}", "--bundle", bundle], f"walls: {line}"),
    ):
        assert there in told(capsys, *call)
        assert "--group-by" not in told(capsys, *call, *pattern)


def test_what_names_look_grouped_by_and_a_split_is_not_is_told_by_training_and_judging_on_it(tmp_path, capsys):
    for number in range(36):
        picture(tmp_path / "set" / ("crack", "sound")[number % 2] / f"{7000 + number // 3}-{number % 3}.png", number)
    split, run, page = tmp_path / "split.csv", tmp_path / "run", tmp_path / "judged"
    told(capsys, "split", str(tmp_path / "set"), "-o", str(split))
    names = "ile names look grouped by photo, 7000-0.png with 7000-1.png, 12 groups in all"
    assert main(["train", str(split), "-o", str(run), *SMALL]) == 0
    both = capsys.readouterr()
    assert f"{names}: --group-by '^(\\d+)-' given to `crackscope split` keeps each in one part" in both.out + both.err
    assert names in Page(run / "evaluation" / "report.html").text
    said = told(capsys, "evaluate", str(run), str(split), "-o", str(page))
    assert f"{names}: --group-by '^(\\d+)-' given to `crackscope split` keeps each in one part and counts" in said
    assert names in Page(page / "report.html").text
    assert json.loads((page / "metrics.json").read_text())["split"]["likely_groups"]["groups"] == 12
    told(capsys, "split", str(tmp_path / "set"), "-o", str(split), "--group-by", r"^(\d+)-", "--force")
    assert names not in told(capsys, "evaluate", str(run), str(split), "-o", str(tmp_path / "again"))
    assert names not in Page(tmp_path / "again" / "report.html").text


@pytest.mark.parametrize("tree", [False, True])
def test_a_class_folder_of_another_name_is_left_out_by_split_train_and_evaluate_with_a_word(
    tree, data, tmp_path, capsys
):
    here = tmp_path / "set"
    as_tree(data, here) if tree else shutil.copytree(data, here)
    picture(here / "Haarrisse" / "1.png", 1)
    line = "pictures without a label are left out, 1 in all: Haarrisse (1); name the class folders with --positive NAME"
    assert line in told(capsys, "split", str(here), "-o", str(tmp_path / "split.csv"))
    summary = json.loads(told(capsys, "split", str(here), "-o", str(tmp_path / "split.csv"), "--json", "--force"))
    assert summary["unlabelled"] == {"Haarrisse": 1}
    run = tmp_path / "run"
    assert main(["train", str(here), "-o", str(run), *SMALL]) == 0
    assert line in capsys.readouterr().err
    for part in ("test", "all"):
        assert line in told(capsys, "evaluate", str(run), str(here), "--part", part)
        assert line not in told(capsys, "evaluate", str(run), str(data), "--part", part)


def test_a_path_with_a_blank_is_named_as_it_can_be_typed(data, tmp_path, capsys):
    as_tree(data, tmp_path / "sp ace")
    for number in range(2):
        shutil.copy(data / "crack" / f"{number}.jpg", tmp_path / "sp ace" / "train" / "sound" / f"again{number}.jpg")
    said = told(capsys, "split", str(tmp_path / "sp ace"), "-o", str(tmp_path / "out.csv"))
    typed = shlex.quote(str(tmp_path / "sp ace"))
    assert f"`crackscope scan {typed}` names them" in said
    assert f"to keep them, give {typed} itself to train and evaluate" in said


def test_a_share_that_would_be_rounded_to_none_is_still_told(tmp_path, capsys):
    for number in range(2600):
        picture(tmp_path / "set" / ("crack", "sound")[number % 2] / f"{number:04d}.png", number)
    shutil.copy(tmp_path / "set" / "crack" / "0000.png", tmp_path / "set" / "crack" / "again.png")
    said = told(capsys, "split", str(tmp_path / "set"), "-o", str(tmp_path / "out.csv"))
    assert "dealt at random, less than 0.1% of the test pictures would have one among those trained on" in said


@pytest.mark.parametrize(("pattern", "says"), [("(", "nor a regular expression"), ("nomatch-*-", "no file name fits")])
@pytest.mark.parametrize("command", ["scan", "split"])
def test_a_pattern_that_parts_nothing_is_refused_by_both(command, pattern, says, data, tmp_path, capsys):
    out = ["-o", str(tmp_path / "out.csv")] * (command == "split")
    assert main([command, str(data), "--group-by", pattern, *out]) == 2
    assert says in capsys.readouterr().err


def written(table: Path, rows: list[str], columns: str) -> str:
    table.write_text(f"{columns}\n" + "\n".join(rows), encoding="utf-8")
    return str(table)


def test_few_pictures_of_a_class_are_said_by_part_and_those_of_one_group_count_once(data, tmp_path, capsys):
    counted = "val 4 crack and 4 sound, test 4 crack and 4 sound;"
    said = told(capsys, "split", str(data), "-o", str(tmp_path / "few.csv"))
    (line,) = (line for line in said.splitlines() if line.startswith("few pictures of a class: "))
    assert counted in line
    (remark,) = json.loads(told(capsys, "split", str(data), "-o", str(tmp_path / "few.csv"), "--json"))["remarks"]
    assert remark == line
    for number in range(40):
        for label in ("crack", "sound"):
            picture(tmp_path / "many" / label / f"{number}.png", number + 100 * (label == "crack"))
    many = sorted((tmp_path / "many").rglob("*.png"))
    rows = [f"{path},{path.parent.name},{int(path.stem) % 12 if path.parent.name == 'crack' else ''}" for path in many]
    out = ["-o", str(tmp_path / "out.csv"), "--parts", "50:0:50", "--force"]
    said = told(capsys, "split", written(tmp_path / "grouped.csv", rows, "path,label,group"), *out)
    assert re.search(r"class: train \d+ crack in \d groups, test \d+ crack in \d groups; what is learnt", said)
    assert "few pictures" not in told(capsys, "split", str(tmp_path / "many"), *out)


def test_surfaces_that_differ_in_spelling_alone_are_named_and_stay_apart(data, tmp_path, capsys):
    paths = sorted(data.rglob("*.jpg"))
    names = ("Wall", "wall", "deck", "east wall", "East-Wall", "")
    rows = [f"{path},{path.parent.name},{names[place % 6]}" for place, path in enumerate(paths)]
    table = written(tmp_path / "two.csv", rows, "path,label,surface")
    said = "count apart: 'East-Wall' and 'east wall'; 'Wall' and 'wall'; where they are one, give them one name"
    assert f"problem: surfaces that differ in spelling alone {said}" in told(capsys, "scan", table)
    assert said in told(capsys, "split", table, "-o", str(tmp_path / "out.csv"))
    assert {row.surface for row in datasets.read_split(tmp_path / "out.csv").rows} == set(names)
    table = written(tmp_path / "one.csv", [row.replace("Wall", "wall") for row in rows], "path,label,surface")
    assert "'wall'" not in told(capsys, "scan", table)


def test_a_surface_without_a_test_picture_is_told(data, tmp_path, capsys):
    paths = sorted(data.rglob("*.jpg"))
    rows = [f"{path},{path.parent.name},{'wall' if place else 'pier'}" for place, path in enumerate(paths)]
    table = written(tmp_path / "two.csv", rows, "path,label,surface")
    said = "1 surface has too few pictures for one in the test part (pier): figures on it say nothing of it"
    assert said in told(capsys, "split", table, "-o", str(tmp_path / "out.csv")).splitlines()
    assert json.loads(told(capsys, "split", table, "-o", str(tmp_path / "out.csv"), "--json"))["untested"] == ["pier"]


@pytest.mark.parametrize("parts", ["1e308:1e308:1", "inf:1:1", "nan:1:1", "1:1:1e-300", "1:-inf:1"])
def test_absurd_shares_are_refused_by_name_before_any_picture_is_opened(parts, tmp_path, capsys):
    assert main(["split", str(tmp_path / "nowhere"), "-o", str(tmp_path / "split.csv"), "--parts", parts]) == 2
    assert capsys.readouterr().err.startswith(f"crackscope: parts {parts.replace('e308', 'e+308')}: ")


ELSEWHERE = "deal them out with `crackscope split` and other --parts, and name its CSV"


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        ("split few -o split.csv", "give more pictures, or other --parts"),
        ("evaluate default few", ELSEWHERE),
        ("bundle export --int8 --calibrate few -o out", ELSEWHERE),
    ],
)
def test_too_few_for_the_parts_are_answered_with_what_the_command_can_do(call, hint, tmp_path, monkeypatch, capsys):
    data_set(tmp_path / "few", each=2, copies=0)
    monkeypatch.chdir(tmp_path)
    assert main(call.split()) == 2
    said = capsys.readouterr().err.rstrip()
    assert "would hold no" in said
    assert said.endswith(hint)


def test_a_data_set_is_called_as_it_was_given(data, monkeypatch, capsys):
    monkeypatch.chdir(data.parent)
    for given in (data.name, str(data)):
        assert main(["scan", given, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["data"] == given
    assert main(["scan", data.name]) == 0
    assert capsys.readouterr().out.startswith(f"{data.name}: class folders\n")


def test_another_split_is_refused_before_any_picture_is_opened(data, tmp_path, capsys):
    out = tmp_path / "split.csv"
    told(capsys, "split", str(data), "-o", str(out))
    before = out.read_bytes()
    others = tmp_path / "others"
    for label in ("crack", "sound"):
        (others / label).mkdir(parents=True)
        (others / label / "a.jpg").write_bytes(b"opening it would end the call")
    assert main(["split", str(others), "-o", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"another split is there already, {out} (it names {data}/crack/" in said
    assert said.endswith(f", which {others} does not hold), name a new file; --force writes over it\n")
    swapped = ["--positive", "sound", "--negative", "crack"]
    assert main(["split", str(data), "-o", str(out), *swapped]) == 2
    assert f"crack, {data} calls it sound)" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_what_becomes_of_a_split_that_may_be_the_same_is_said_before_the_work(data, tmp_path, capsys):
    out = str(tmp_path / "split.csv")
    call = ["split", str(data), "-o", out]
    told(capsys, *call)
    assert main(call) == 0
    assert capsys.readouterr().err.startswith(f"{out} is there already: it stays unless this deals the same; --force")
    for quiet in (["--quiet"], ["--json"], ["--force"]):
        assert main([*call, *quiet]) == 0
        assert "there already" not in capsys.readouterr().err
