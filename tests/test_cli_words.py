"""Sentences with a count in them, where the count is one."""

import re
from pathlib import Path

import pytest

from crackscope.cli import main
from crackscope.cli.app import COMMANDS
from crackscope.errors import several
from crackscope.surfaces import KINDS
from tests.small_bundle import write_small_bundle
from tests.small_data_set import data_set
from tests.small_way import pictures

NOUNS = "groups|pictures|patches|photos|zones|cracks|alarms|epochs|rounds|copies|rows|sizes|cracked pictures|sound ones"
WRONG = re.compile(rf"(?<![\d.,])1 (?:[a-z]+ )?(?:{NOUNS})\b")


def test_a_count_takes_its_noun():
    said = [several(count, "patch", "patches") for count in (0, 1, 2)] + [several(1, "group"), several(21, "group")]
    assert said == ["0 patches", "1 patch", "2 patches", "1 group", "21 groups"]


def test_help_names_the_kinds_of_surface_and_no_default_that_is_none(capsys):
    helps = []
    for command in ("generate", "scan", "predict"):
        assert main([command, "--help"]) == 0
        helps.append(" ".join(capsys.readouterr().out.split()))
    generate, scan, predict = helps
    assert f"Kind of surface: {', '.join(KINDS)}; default" in generate
    assert "default: the one in the package" in predict
    assert "default: the one in the package" not in scan


@pytest.mark.parametrize("command", COMMANDS)
def test_help_calls_all_numbers_alike(command, capsys):
    assert main([command, "--help"]) == 0
    assert not re.findall(r"\b(?:INTEGER|FLOAT)\b", capsys.readouterr().out)


@pytest.mark.parametrize("widths", [("100", "400"), ("0.3", "2"), ("2", "16.5"), ("6", "2"), ("nan", "2")])
def test_cracks_too_wide_or_thin_for_the_picture_are_refused_with_what_fits(widths, tmp_path, capsys):
    asked = ["generate", "-n", "2", "--size", "64", "-o", str(tmp_path / "out"), "--width-px"]
    assert main([*asked, *widths]) == 2
    said = capsys.readouterr().err
    assert "does not fit pictures of 64 px" in said
    assert "0.7 px or more" in said
    assert "(16 px)" in said
    assert not (tmp_path / "out").exists()
    assert main([*asked, "0.7", "16"]) == 0


@pytest.mark.parametrize("copies", [0, 10])
def test_what_copies_do_to_figures_depends_on_how_many_there_are(copies, tmp_path, capsys):
    data = data_set(tmp_path / "data", copies=copies)
    for random in ([], ["--random"]):
        assert main(["split", str(data), "-o", str(tmp_path / f"{len(random)}.csv"), *random]) == 0
    told = capsys.readouterr().out
    if copies:
        assert re.search(r"dealt at random, [1-9][\d.]*% of the test pictures would have one .*, the mean over", told)
        assert re.search(r"one by one: [1-9][\d.]*% of the test pictures .* may flatter by up to as much", told)
    else:
        assert "dealt at random, no test picture would have one among those trained on" in told
        assert "no test picture has a near-copy among those trained on, so none makes figures flatter" in told
        assert "0.0%" not in told


@pytest.fixture
def few(way, tmp_path) -> Path:
    """One picture of each label, one of them under both labels."""
    for label in ("crack", "sound"):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "a.png").write_bytes(pictures(way, label)[0].read_bytes())
    (tmp_path / "data" / "crack" / "again.png").write_bytes(pictures(way, "sound")[0].read_bytes())
    return tmp_path / "data"


def test_scan_counts_one_as_one(few, capsys):
    assert main(["scan", str(few)]) == 0
    told = capsys.readouterr().out
    assert "2 pictures in 1 group" in told
    assert re.search(r"1 group of copies holds both labels \(crack/again\.png = sound/a\.png\): .*--json names", told)
    assert not WRONG.findall(told)


def test_a_judgement_counts_one_as_one(few, tmp_path, capsys):
    """On two pictures under both labels, all of them called cracked."""
    (few / "crack" / "a.png").unlink()
    bundle = write_small_bundle(tmp_path / "b", threshold=0.0).path
    assert main(["evaluate", str(bundle), str(few), "--part", "all", "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "2 pictures, 1 cracked, 1 sound, 1 group" in told
    assert "0 let pass, 1 false alarm\n" in told
    assert not WRONG.findall(told)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Of 1 cracked picture 1 was found" in page
    assert not WRONG.findall(page)
