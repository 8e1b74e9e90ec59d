"""`inspect` that is interrupted, killed, called again: nothing is lost, nothing is left over."""

import csv
import json
import re
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from crackscope import images, surfaces
from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_calls import COUNT, call, drawn_photos, findings, one_line
from tests.small_kills import kill_at
from tests.small_page import Page
from tests.test_cli_interrupts import program


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


def test_resuming_what_is_done_changes_nothing(photos, bundle, tmp_path, calm):
    out = tmp_path / "out"
    for _time in range(2):
        assert main(call(photos, out, bundle)[3:]) == 0
    assert findings(out) == findings(calm)


def rows(out: Path, delimiter: str) -> list[list[str]]:
    with (out / "findings.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_a_table_with_decimal_commas_says_the_same_and_stays_so(photos, bundle, tmp_path, calm):
    out = tmp_path / "out"
    words = call(photos, out, bundle)[3:]
    assert main([*words, "--decimal-comma"]) == 0
    told, wanted = rows(out, ";"), rows(calm, ",")
    number = re.compile(r"-?\d+\.\d+(e-?\d+)?")
    assert told == [[cell.replace(".", ",") if number.fullmatch(cell) else cell for cell in row] for row in wanted]
    assert any("," in cell for row in told for cell in row)
    before = findings(out)
    assert main(words) == 0
    assert findings(out) == before
    assert {name for name, held in findings(calm).items() if held != before[name]} == {"findings.csv"}


TITLE = "Town hall, <b>north</b>\u202e & co"


def test_a_report_is_called_as_it_was_asked_and_stays_so(photos, bundle, tmp_path, calm):
    out = tmp_path / "out"
    words = call(photos, out, bundle)[3:]
    for more, heading in (((), "Crack inspection"), (("--title", f" {TITLE}\n"), TITLE), ((), TITLE)):
        assert main([*words, *more]) == 0
        assert json.loads((out / "inspection.json").read_text())["facts"]["title"] == heading
        assert findings(out).keys() == findings(calm).keys()
    page = Page(out / "index.html")
    shown = TITLE.replace("\u202e", "\\u202e")
    assert page.text.count(shown) == 2, "the name of the window, and the heading"
    assert "<b>north" not in page.source
    assert findings(out) == findings(calm)
    assert main([*words, "--title", "Another"]) == 0
    assert "Another" in Page(out / "index.html").text


def test_a_title_that_comes_before_a_kill_is_not_forgotten(photos, bundle, tmp_path):
    out = tmp_path / "out"
    words = call(photos, out, bundle)[3:]
    kill_at(4, *words, "--title", TITLE)
    assert main(words) == 0
    assert json.loads((out / "inspection.json").read_text())["facts"]["title"] == TITLE


@pytest.mark.parametrize(("title", "fault"), [(" \n", "is empty"), ("x" * 201, "201 characters, give 200")])
def test_a_title_that_is_none_is_refused(photos, bundle, tmp_path, capsys, title, fault):
    assert main([*call(photos, tmp_path / "out", bundle)[3:], "--title", title]) == 2
    assert fault in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("asked_at", [0, 1])
def test_a_kill_before_the_table_is_there_does_not_forget_its_commas(photos, bundle, tmp_path, calm, asked_at):
    """Be they asked for when it begins, or by a call that goes on."""
    out = tmp_path / "out"
    words = call(photos, out, bundle)[3:]
    for time in range(2):
        kill_at(4, *words, *["--decimal-comma"] * (time == asked_at))
    assert not (out / "findings.csv").exists()
    assert main(words) == 0
    assert [len(row) for row in rows(out, ";")] == [len(row) for row in rows(calm, ",")]


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
    gone = "2 photos of before not named now: left out of the report"
    assert f"{gone}, their pictures removed" in capsys.readouterr().out
    whole = json.loads((out / "inspection.json").read_text())
    assert [Path(one["photo"]).name for one in whole["photos"]] == ["0.jpg", "2.jpg", "3.jpg"]
    shown = {Path(one["picture"]).stem for one in whole["photos"] if "picture" in one}
    assert pictures(out) == shown
    assert len(shown) == 2


def test_photos_that_were_moved_are_said_to_be_before_they_are_looked_at_anew(photos, bundle, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for name in "01":
        shutil.copy(photos / f"{name}.jpg", given)
    words = ["-o", str(out), "--bundle", bundle, "--resume"]
    assert main(["inspect", str(given), *words]) == 0
    assert "gone" not in capsys.readouterr().err
    moved = given.rename(tmp_path / "moved")
    assert main(["inspect", str(moved), *words]) == 0
    said = capsys.readouterr().err
    assert f"2 photos done before have gone from {given}, so that all named now are looked at anew; to save" in said
    (moved / "1.jpg").unlink()
    assert main(["inspect", str(moved), *words]) == 0, "some of them were done: what has gone may be meant"
    assert "gone" not in capsys.readouterr().err


def test_pictures_are_said_to_be_removed_once(photos, bundle, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for name in "012":
        shutil.copy(photos / f"{name}.jpg", given)
    words = ["inspect", "-o", str(out), "--bundle", bundle, "--resume"]
    assert main([*words, str(given)]) == 0
    capsys.readouterr()
    one, two = (str(given / f"{name}.jpg") for name in "01")
    gone = "of before not named now: left out of the report"
    for named, says in (
        ([one], f"2 photos {gone}, their pictures removed\n"),
        ([one], f"2 photos {gone}\n"),
        ([one, two], f"1 photo {gone}\n"),
        ([two], f"2 photos {gone}, the pictures of 1 removed\n"),
    ):
        assert main([*words, *named]) == 0
        assert says in capsys.readouterr().out


def held(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_finished_report_is_not_replaced_by_one_of_other_photos_alone(photos, bundle, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    for folder, name in (("a", "0"), ("b", "1")):
        (given / folder).mkdir(parents=True)
        shutil.copy(photos / f"{name}.jpg", given / folder)
    words = ["inspect", "-o", str(out), "--bundle", bundle, "--resume", "--quiet"]
    assert main([*words, str(given / "a")]) == 0
    before = held(out)
    for wrong in (given / "b", photos / "7.jpg"):
        assert main([*words, str(wrong)]) == 2
        said = one_line(capsys.readouterr().err)
        assert "its report is of other photos" in said
        assert str(given / "a" / "0.jpg") in said
        assert "name them too, or another folder with -o" in said
        assert held(out) == before
    link = tmp_path / "link"
    link.symlink_to(given / "a")
    assert main([*words, str(link)]) == 0, "the same photos by another name"
    assert main([*words, str(given)]) == 0
    assert len(pictures(out)) == 2


def test_photos_come_and_go_under_one_scale_table(photos, bundle, tmp_path, capsys):
    given, out, table = tmp_path / "in", tmp_path / "out", tmp_path / "scale.csv"
    given.mkdir()
    for name in "012":
        shutil.copy(photos / f"{name}.jpg", given)
    words = ["inspect", str(given), "-o", str(out), "--bundle", bundle, "--all-zones", "--scale", str(table)]
    table.write_text("path,mm_per_px\nin/0.jpg,0.5\nin/1.jpg,0.5\nin/2.jpg,0.5\n")
    assert main(words) == 0
    (given / "1.jpg").unlink()
    shutil.copy(photos / "4.jpg", given)
    table.write_text("path,mm_per_px\nin/0.jpg,0.5\nin/1.jpg,0.5\nin/2.jpg,0.25\nin/4.jpg,0.5\n")
    capsys.readouterr()
    assert main([*words, "--resume"]) == 0
    assert "1 of 3 photos was done before" in capsys.readouterr().out
    whole = json.loads((out / "inspection.json").read_text())
    scales = {Path(one["photo"]).name: one["scale"]["mm_per_px"] for one in whole["photos"]}
    assert scales == {"0.jpg": 0.5, "2.jpg": 0.25, "4.jpg": 0.5}


def test_a_row_means_the_photo_that_is_there_and_not_its_namesake_that_is_gone(photos, bundle, tmp_path):
    out, table = tmp_path / "out", tmp_path / "scale.csv"
    table.write_text("path,mm_per_px\n0.jpg,0.5\n")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(photos / "0.jpg", tmp_path / folder)
        assert main([*call(tmp_path / folder, out, bundle)[3:], "--scale", str(table)]) == 0
        assert json.loads((out / "inspection.json").read_text())["photos"][0]["scale"]["mm_per_px"] == 0.5
        (tmp_path / folder / "0.jpg").unlink()


def test_photos_of_one_name_keep_their_own_pictures(photos, bundle, tmp_path):
    """Named in turn into one report: what was called 0 once is never taken for another 0."""
    out = tmp_path / "out"
    for folder, number in (("a", 0), ("b", 1)):
        (tmp_path / folder).mkdir()
        shutil.copy(photos / f"{number}.jpg", tmp_path / folder / "0.jpg")
    for folders in ("a", "ab", "b", "a"):
        others = [str(tmp_path / folder) for folder in folders[1:]]
        assert main([*call(tmp_path / folders[0], out, bundle)[3:], *others]) == 0
        shown = {picture.read_bytes() for picture in (out / "photos").iterdir()}
        assert shown == {(tmp_path / folder / "0.jpg").read_bytes() for folder in folders}
        assert len(pictures(out)) == len(folders)


@pytest.mark.parametrize("moves", [(1, 7, 13), (22, 24)])
def test_kills_while_pictures_and_tables_appear(photos, bundle, tmp_path, calm, moves):
    """Kills at other moments: `proofs/inspect_kills.py`."""
    out = tmp_path / "out"
    for move in moves:
        kill_at(move, *call(photos, out, bundle)[3:])
    assert subprocess.run(call(photos, out, bundle), check=False).returncode == 0
    assert findings(out) == findings(calm)


@pytest.mark.parametrize("resume", [False, True])
def test_a_kill_before_there_was_a_journal_is_in_nobodys_way(photos, bundle, tmp_path, calm, capsys, resume):
    out = tmp_path / "out"
    words = [word for word in call(photos, out, bundle)[3:] if resume or word != "--resume"]
    kill_at(1, "explain", str(photos / "0.jpg"), "--bundle", bundle, "-o", str(out))
    (left,) = out.iterdir()
    (out / "notes.txt").write_text("mine")
    assert main(words) == 2
    assert "the folder is not empty" in one_line(capsys.readouterr().err)
    assert {one.name for one in out.iterdir()} == {left.name, "notes.txt"}
    (out / "notes.txt").unlink()
    assert main(words) == 0
    assert not left.exists()
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


@pytest.mark.parametrize(("how", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_what_is_pressed_twice_at_once_is_pressed_once(photos, bundle, tmp_path, how, status):
    out = tmp_path / "out"
    ended = program("jinja2", False, *call(photos, out, bundle)[3:], how=how, twice=True)
    assert ended.returncode == status
    assert f"{COUNT} of {COUNT} photos are kept in {out}, add --resume" in one_line(ended.stderr)


def test_an_interrupt_counts_the_photos_that_are_named_and_no_others(photos, bundle, tmp_path):
    out, few = tmp_path / "out", tmp_path / "few"
    few.mkdir()
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        shutil.copy(photos / name, few)
    assert main(call(photos, out, bundle)[3:]) == 0
    assert main([*call(few / "1.jpg", out, bundle)[3:], str(photos / "0.jpg")]) == 0
    ended = program("cv2", False, *call(few, out, bundle)[3:])
    assert ended.returncode == 130
    assert f"interrupted, 1 of 3 photos is kept in {out}, add --resume" in one_line(ended.stderr)


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
