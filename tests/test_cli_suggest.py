"""From photos to suggested patches, labels by hand or in Label Studio, and back into `adapt` or the next `suggest`."""

import contextlib
import csv
import json
import os
import resource
import shlex
import shutil
import unicodedata
from pathlib import Path

import pytest

from crackscope import images
from crackscope.cli import main
from tests.small_kills import kill_at
from tests.small_suggested import adapted, listed, sort_patches, suggested, write_photo
from tests.small_surfaces import remembering_bundle
from tests.small_way import SMALL


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return str(remembering_bundle(tmp_path_factory.mktemp("bundles") / "small").path)


def width(record):
    share = record["before"]["balanced_accuracy"]
    return share["high"] - share["low"]


def test_patches_of_one_photo_are_one_group_whichever_way_the_photo_was_named(bundle, tmp_path, monkeypatch, capsys):
    for number in range(6):
        write_photo(tmp_path / "photos" / f"{number}.png", number, 2)
    monkeypatch.chdir(tmp_path)
    both = tmp_path / "both"
    sort_patches(suggested(bundle, "photos", both / "first", "-n", "12"))
    sort_patches(suggested(bundle, tmp_path / "photos", both / "second", "--labelled", str(both / "first")))
    record = adapted(bundle, both, tmp_path / "out", capsys)
    assert record["labels"] == {"sound": 12, "crack": 12}
    assert (record["groups"], record["photos"], record["suggested"], record["one_photo"]) == (6, 6, 24, False)
    for label in ("crack", "sound"):
        for part in ("first", "second"):
            shutil.copytree(both / part / label, tmp_path / "apart" / part / label)
    alone = adapted(bundle, tmp_path / "apart", tmp_path / "alone", capsys)
    assert (alone["groups"], alone["photos"], alone["suggested"]) == (24, 0, 0)
    assert width(record) > width(alone)


def test_a_program_is_told_each_file_that_is_written(bundle, tmp_path, capsys):
    write_photo(tmp_path / "Wand 1%.png", 0, 6)
    asked = ["suggest", bundle, str(tmp_path / "Wand 1%.png"), "-n", "5", "-o", str(tmp_path / "out"), "--json"]
    assert main(asked) == 0
    record = json.loads(capsys.readouterr().out)
    named = [*record["files"], *(one["patch"] for one in record["patches"])]
    there = [one.relative_to(tmp_path / "out").as_posix() for one in (tmp_path / "out").rglob("*") if one.is_file()]
    assert sorted(named) == sorted(there)
    told = [(str(one["rank"]), one["patch"]) for one in record["patches"]]
    assert told == [(line["rank"], line["patch"]) for line in listed(tmp_path / "out")]


def test_so_few_patches_that_adapt_will_hardly_do_with_them_are_told(bundle, tmp_path, capsys):
    write_photo(tmp_path / "wall.png", 0, 12)
    asked = ["suggest", bundle, str(tmp_path / "wall.png"), "-o"]
    assert main([*asked, str(tmp_path / "few"), "-n", "8"]) == 0
    told = "needs at least 5 cracked and 5 sound patches, which are hardly among 8: ask for more (-n 20, say)"
    assert told in " ".join(capsys.readouterr().out.split())
    sort_patches(tmp_path / "few")
    assert main([*asked, str(tmp_path / "more"), "-n", "8", "--labelled", str(tmp_path / "few")]) == 0
    assert "hardly" not in capsys.readouterr().out


def test_patches_of_a_single_photo_are_learnt_from_and_the_figures_called_flattering(bundle, tmp_path, capsys):
    write_photo(tmp_path / "wall.png", 0, 12)
    sort_patches(suggested(bundle, tmp_path / "wall.png", tmp_path / "out"))
    asked = ["adapt", bundle, str(tmp_path / "out"), "-o", str(tmp_path / "mine"), "--most-forgotten", "1"]
    assert main([*asked, "--curve"]) == 0
    told = capsys.readouterr()
    assert "24 groups" in told.out
    assert "from 1 photo," in told.out
    assert "patches a label" in told.out
    assert "all patches are of one photo" in told.err


def test_few_photos_hide_neither_swapped_labels_nor_what_is_learnt(bundle, tmp_path, capsys):
    for number in range(2):
        write_photo(tmp_path / "photos" / f"{number}.png", number, 6, faint=1)
    wrong = suggested(bundle, tmp_path / "photos", tmp_path / "wrong")
    right = shutil.copytree(wrong, tmp_path / "right")
    sort_patches(wrong, swapped=True)
    sort_patches(right)
    asked = ["-o", str(tmp_path / "mine"), "--most-forgotten", "1", "--curve"]
    assert main(["adapt", bundle, str(wrong), *asked]) == 2
    assert "seem to be swapped" in capsys.readouterr().err
    assert main(["adapt", bundle, str(right), *asked]) == 0
    assert "2 groups" in (told := capsys.readouterr().out)
    assert "cannot be told from so few photos" in told


def pixels_of(folder):
    return {images.read(path).pixels.tobytes() for path in Path(folder).rglob("*.png")}


def test_what_is_labelled_already_is_not_suggested_again(bundle, tmp_path, capsys):
    for number in range(4):
        write_photo(tmp_path / "photos" / f"{number}.png", number, 6)
    first = suggested(bundle, tmp_path / "photos", tmp_path / "first")
    sort_patches(first)
    capsys.readouterr()
    call = ["suggest", bundle, str(tmp_path / "photos"), "-n", "99", "--labelled", str(first), "-o"]
    assert main([*call, str(tmp_path / "second")]) == 0
    told = capsys.readouterr().out
    assert "left out: 24 patches labelled already" in told
    assert "24 of 24 patches to label" in told
    assert not pixels_of(tmp_path / "second") & pixels_of(first)
    sort_patches(tmp_path / "second")
    assert main([*call, str(tmp_path / "third"), "--labelled", str(tmp_path / "second")]) == 2
    assert "all patches of these photos are labelled already" in capsys.readouterr().err
    assert not (tmp_path / "third").exists()


def test_what_is_labelled_counts_once_however_often_it_is_named(bundle, tmp_path):
    """Cracked ones twice would be enough to look for no likely cracks any more."""
    for number in range(4):
        write_photo(tmp_path / "photos" / f"{number}.png", number, 6)
    first = suggested(bundle, tmp_path / "photos", tmp_path / "first", "-n", "8")
    sort_patches(first)
    assert 3 < len(list((first / "crack").iterdir())) < 7
    once, twice = tmp_path / "once", tmp_path / "twice"
    suggested(bundle, tmp_path / "photos", once, "-n", "12", "--labelled", str(first))
    again = ["--labelled", str(first), "--labelled", f"{first}/../first"]
    suggested(bundle, tmp_path / "photos", twice, "-n", "12", *again)
    assert listed(twice) == listed(once)


def test_what_is_to_be_typed_next_is_taken_as_it_stands(bundle, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_photo(tmp_path / "wall.png", 0, 6)
    shutil.copytree(bundle, "-my bundle")
    assert main(["suggest", "-n", "12", "-o", "-out", "--", "-my bundle", "wall.png"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("sort them"))
    sort_patches(Path("-out"))
    words = shlex.split(line.partition("then: ")[2])
    assert main([*words[1:], "--most-forgotten", "1", "-q"]) == 0
    assert Path("NEW-BUNDLE", "bundle.json").is_file()


def test_suggestions_that_lie_among_the_photos_are_no_photos(bundle, tmp_path, capsys):
    photos = tmp_path / "my photos"
    write_photo(photos / "wall.png", 0, 4)
    assert main(["suggest", bundle, str(photos), "-n", "3", "-o", str(photos / "to label")]) == 0
    told = capsys.readouterr().out
    assert "3 of 8 patches" in told
    line = next(line for line in told.splitlines() if line.startswith("sort them"))
    assert shlex.split(line.partition("then: ")[2])[:4] == ["crackscope", "adapt", bundle, str(photos / "to label")]
    again = ["suggest", bundle, str(photos), "-n", "3", "-o"]
    assert main([*again, str(tmp_path / "again")]) == 0
    assert "3 of 8 patches" in capsys.readouterr().out
    named = ["suggest", bundle, str(photos / "to label" / "unsorted"), "-n", "3", "-o"]
    assert main([*named, str(tmp_path / "named")]) == 0
    assert "3 of 3 patches" in capsys.readouterr().out


def contents(folder):
    return {str(path.relative_to(folder)): path.is_dir() or path.read_bytes() for path in folder.rglob("*")}


@contextlib.contextmanager
def files_of_at_most(size):
    """A disk that takes no larger files, until it is left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("full_at", ["unsorted", "label-studio.json", "contact-sheet.jpg"])
@pytest.mark.parametrize("there", [False, True])
def test_a_disk_that_fills_half_way_leaves_no_half(bundle, tmp_path, capsys, full_at, there):
    write_photo(tmp_path / "photos" / "wall.png", 0, 6)
    call = ["suggest", bundle, str(tmp_path / "photos"), "-n", "12", "-q", "-o"]
    whole, half = tmp_path / "whole", tmp_path / "half"
    assert main([*call, str(whole)]) == 0
    sizes = [one.stat().st_size for one in (whole / full_at, *(whole / full_at).glob("*")) if one.is_file()]
    if there:
        half.mkdir()
    with files_of_at_most(max(sizes) - 1):
        assert main([*call, str(half)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"crackscope: cannot write {half / full_at}")
    assert said.count("\n") == 1
    assert half.exists() is there
    assert not there or list(half.iterdir()) == []
    assert main([*call, str(half)]) == 0
    assert contents(half) == contents(whole)


def test_what_a_kill_leaves_is_in_nobodys_way(bundle, tmp_path):
    write_photo(tmp_path / "photos" / "wall.png", 0, 6)
    call = ["suggest", bundle, str(tmp_path / "photos"), "-n", "3", "-q", "-o"]
    kill_at(2, *call, str(tmp_path / "out"))
    (left,) = (tmp_path / "out").iterdir()
    assert left.suffix == ".part"
    assert main([*call, str(tmp_path / "out")]) == 0
    assert not left.exists()
    assert len(listed(tmp_path / "out")) == 3


def annotation(choice, *, skipped=False):
    """As Label Studio writes one in its JSON export (https://labelstud.io/guide/task_format).

    Of one that was skipped it keeps what had been marked.
    """
    result = {"id": "Dx_aB91ISN", "from_name": "label", "to_name": "image", "type": "choices", "origin": "manual"}
    return {
        "id": 1001,
        "completed_by": 1,
        "result": [{**result, "value": {"choices": [choice]}}],
        "was_cancelled": skipped,
        "ground_truth": False,
        "created_at": "2021-03-09T21:52:49.513742Z",
        "lead_time": 4.288,
        "prediction": {},
        "parent_annotation": None,
    }


def export(folder, *, uploaded=False):
    """The tasks of this folder as Label Studio exports them once all are labelled."""
    tasks = json.loads((folder / "label-studio.json").read_text())
    for number, task in enumerate(tasks, start=1):
        choice = "crack" if task["data"]["top"] == 0 else "sound"
        task.update(id=number, annotations=[annotation(choice)], drafts=[], meta={}, project=1, comment_authors=[])
        if uploaded:
            task["data"]["image"] = f"/data/upload/1/0a1b2c3d-{task['data']['image'].rpartition('/')[2]}"
    return tasks


def as_json_min(tasks):
    """As Label Studio's converter flattens them: what was skipped is left out."""
    return [
        {
            **task["data"],
            "id": task["id"],
            "label": one["result"][0]["value"]["choices"][0],
            "annotator": 1,
            "annotation_id": one["id"],
        }
        for task in tasks
        for one in task["annotations"]
        if not one["was_cancelled"]
    ]


@pytest.fixture(scope="module")
def unsorted(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("label studio")
    for number in range(6):
        write_photo(folder / "photos" / f"{number}.png", number, 2)
    return suggested(bundle, folder / "photos", folder / "to label")


@pytest.mark.parametrize("uploaded", [False, True])
@pytest.mark.parametrize("shape", [list, as_json_min])
def test_what_label_studio_exports_is_learnt_from(bundle, unsorted, tmp_path, capsys, uploaded, shape):
    tasks = export(unsorted, uploaded=uploaded)
    tasks[3]["annotations"] = [annotation("crack", skipped=True)]
    # What else was marked beside a label need have no value.
    relation = {"type": "relation", "from_id": "Dx_aB91ISN", "to_id": "Dx_aB91ISO", "direction": "right"}
    tasks[4]["annotations"][0]["result"].append(relation)
    labelled = unsorted / f"project-{tmp_path.name}.json"
    labelled.write_text(json.dumps(shape(tasks)))
    record = adapted(bundle, labelled, tmp_path / "out", capsys)
    assert sum(record["labels"].values()) == 23
    assert min(record["labels"].values()) == 11
    assert (record["suggested"], record["photos"], record["groups"]) == (23, 6, 6)
    known = ["--labelled", str(labelled), "-o", str(tmp_path / "next")]
    assert main(["suggest", bundle, str(unsorted.parent / "photos"), *known]) == 0
    (left,) = listed(tmp_path / "next")
    assert Path(left["patch"]).name.partition("_")[2] == Path(listed(unsorted)[3]["patch"]).name.partition("_")[2]


def parts_by_photo(split):
    """The parts in which each photo's patches stand; `write_photo` names photos by one digit."""
    parts = {}
    for row in csv.DictReader(split.read_text().splitlines()):
        parts.setdefault(Path(row["path"]).name.split("_")[1], set()).add(row["part"])
    return parts


def test_a_split_parts_no_photo_unless_at_random(bundle, unsorted, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(unsorted, tmp_path / "copy")
    sort_patches(folder)
    assert main(["scan", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["photos"] == 6
    split = tmp_path / "split.csv"
    assert main(["split", str(folder), "-o", str(split)]) == 0
    assert "patches that `suggest` cut from one photo (6 in all) stay on one side, too" in capsys.readouterr().out
    parts = parts_by_photo(split)
    assert len(parts) == 6
    assert all(len(one) == 1 for one in parts.values())
    # What is written is the same wherever it is called, and keeps saying it.
    assert {row["group"] for row in csv.DictReader(split.read_text().splitlines())} == {f"{n}.png" for n in range(6)}
    monkeypatch.chdir(tmp_path)
    table = folder / "suggestions.csv"
    table.write_text(table.read_text().replace(",", ";"), encoding="utf-8-sig")
    assert main(["split", "copy", "-o", "split.csv"]) == 0
    assert main(["evaluate", bundle, str(split), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["groups"] == len(
        [p for p in parts.values() if "test" in p]
    )
    assert main(["split", str(folder), "-o", str(split), "--force", "--random"]) == 0
    assert any(len(one) > 1 for one in parts_by_photo(split).values())


def test_an_export_is_taken_wherever_labelled_pictures_are(bundle, unsorted, tmp_path, capsys):
    folder = shutil.copytree(unsorted, tmp_path / "copy")
    labelled = folder / "export.json"
    labelled.write_text(json.dumps(export(folder)))
    (folder / listed(folder)[0]["patch"]).unlink()
    assert main(["scan", str(labelled), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["pictures"], len(report["unreadable"])) == ("Label Studio export", 23, 1)
    assert main(["split", str(labelled), "-o", str(tmp_path / "split.csv"), "-q"]) == 1
    parts = parts_by_photo(tmp_path / "split.csv")
    assert len(parts) == 6
    assert all(len(one) == 1 for one in parts.values())
    assert main(["evaluate", bundle, str(labelled), "--part", "all", "--json"]) == 1
    assert sum(json.loads(capsys.readouterr().out)["support"].values()) == 23
    assert main(["train", str(labelled), "-o", str(tmp_path / "run"), *SMALL, "--no-evaluate", "-q"]) == 1


def test_a_labelled_patch_that_is_gone_is_told_and_the_others_are_learnt_from(bundle, unsorted, tmp_path, capsys):
    folder = shutil.copytree(unsorted, tmp_path / "copy")
    (folder / "export.json").write_text(json.dumps(export(folder)))
    gone = folder / listed(folder)[0]["patch"]
    gone.unlink()
    asked = ["adapt", bundle, str(folder / "export.json"), "-o", str(tmp_path / "out"), "--most-forgotten", "1"]
    assert main(asked) == 1
    warning, count, line = capsys.readouterr().err.splitlines()
    assert "worse on the surfaces that it knew" in warning
    assert count == "left out: 1 picture that cannot be read"
    assert line.startswith(f"unreadable: {gone}: it cannot be opened")
    assert line.endswith("; check the path")


@pytest.mark.parametrize(
    ("photo", "kept"),
    [
        ("Mauer_süd", "Mauer_süd"),
        (unicodedata.normalize("NFD", "Brücke Süd (2)+#"), "Brücke-Süd-2-"),
        ("壁 1", "壁-1"),
        ("стена.v2", "стена.v2"),
        (os.fsdecode(b"odd\xff\n"), "odd-"),
        ("墙" * 80, "墙" * 40),
        ("w" * 200, "w" * 80),
    ],
)
def test_patches_keep_the_letters_of_their_photo_wherever_they_go(bundle, tmp_path, capsys, photo, kept):
    write_photo(tmp_path / "photos" / f"{photo}.png", 0, 6)
    folder = suggested(bundle, tmp_path / "photos", tmp_path / "out", "-n", "12")
    lines = listed(folder)
    named = {f"unsorted/{line['rank'].zfill(4)}_{kept}_{line['left']}_{line['top']}.png" for line in lines}
    assert {line["patch"] for line in lines} == named
    for line in lines:  # as systems do that take accents apart
        (folder / line["patch"]).rename(folder / unicodedata.normalize("NFD", line["patch"]))
    tasks = export(folder)
    assert all(task["data"]["image"].isascii() for task in tasks)
    (folder / "labelled.json").write_text(json.dumps(tasks))
    record = adapted(bundle, folder / "labelled.json", tmp_path / "mine", capsys)
    assert (sum(record["labels"].values()), record["suggested"], record["photos"]) == (12, 12, 1)


def both_annotators(tasks):
    tasks[0]["annotations"] = [annotation("crack"), annotation("sound")]


def unknown_choice(tasks):
    tasks[0]["annotations"] = [annotation("spalling")]


def nothing_labelled(tasks):
    for task in tasks:
        del task["annotations"]


def other_json(tasks):
    tasks[0]["annotations"] = "none"


def one_label(tasks):
    for task in tasks:
        task["annotations"] = [annotation("sound")]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (both_annotators, "is labelled crack and sound: remove the wrong annotation"),
        (
            unknown_choice,
            "is labelled 'spalling', which is neither crack nor sound: say which it means with --positive",
        ),
        (nothing_labelled, "nothing is labelled in it: give the JSON that Label Studio exports"),
        (other_json, "no JSON or JSON-MIN export of Label Studio"),
        (one_label, "0 readable patches are labelled cracked"),
    ],
)
def test_an_export_that_cannot_be_learnt_from_is_refused_in_one_line(unsorted, tmp_path, capsys, bundle, spoil, says):
    folder = shutil.copytree(unsorted, tmp_path / "copy")
    tasks = export(folder)
    spoil(tasks)
    (folder / "export.json").write_text(json.dumps(tasks))
    assert main(["adapt", bundle, str(folder / "export.json"), "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_export_far_from_its_patches_says_where_to_put_it(unsorted, tmp_path, capsys, bundle):
    (tmp_path / "export.json").write_text(json.dumps(export(unsorted)))
    assert main(["adapt", bundle, str(tmp_path / "export.json"), "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "none of 24 labelled pictures can be found beside it" in told
    assert "move the file into the folder" in told


def test_other_words_for_the_labels_of_an_export_are_told_by_flags(unsorted, tmp_path, capsys, bundle):
    labelled = unsorted / f"{tmp_path.name}.json"
    labelled.write_text(json.dumps(export(unsorted)).replace('["crack"]', '["Riss"]'))
    out = ["-o", str(tmp_path / "out"), "--most-forgotten", "1"]
    assert main(["adapt", bundle, str(labelled), *out, "--positive", "riss"]) == 0
    assert "12 cracked and 12 sound" in capsys.readouterr().out
