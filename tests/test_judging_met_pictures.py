"""A bundle that lies in its run knows each picture again that it was trained on, however the data are given."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from crackscope import datasets, images, recipes, scoring
from crackscope.bundles import ADAPTED, StartedFrom, TrainedOn, fingerprint, open_bundle
from crackscope.cli import main
from crackscope.judging import MetBefore, digests_of, evaluate, load
from crackscope.judging.met_pictures import met_in_training
from crackscope.networks import find_weights
from crackscope.reports import conclusions
from crackscope.reports.formatting import number
from crackscope.scoring import repack
from crackscope.training.starting import started_from
from tests.small_bundle import write_small_bundle
from tests.small_page import Page
from tests.small_surfaces import write_surface
from tests.small_way import SMALL


def counted(way, data, **options) -> MetBefore | None:
    return evaluate(way.bundle, data, resamples=20, **options).met_before


def by_part(way, data: datasets.Split, part: str) -> int:
    """How many rows of the test part stood in this part when the run was trained."""
    names = {row.path for row in datasets.read_split(way.split).part(part)}
    return sum(row.path in names for row in data.part("test"))


def test_the_training_data_dealt_anew_are_counted_picture_by_picture(way):
    anew = datasets.split(way.data, seed=11)
    found = counted(way, anew)
    learnt, chosen, judged = by_part(way, anew, "train"), by_part(way, anew, "val"), len(anew.part("test"))
    assert min(learnt, chosen, judged - learnt - chosen) > 0
    trained = len(datasets.read_split(way.split).part("train"))
    expected = MetBefore(by="pictures", sets=(), pictures=trained, learnt_from=learnt, chosen_on=chosen, judged=judged)
    assert found == expected


def test_pictures_are_known_by_their_bytes_where_they_lie_elsewhere(way, tmp_path):
    split = datasets.read_split(way.split)
    for part in ("train", "val", "test"):
        for row in split.part(part):
            folder = tmp_path / part / row.label
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(row.path, folder)
    learnt, chosen = (counted(way, tmp_path / part, part=None) for part in ("train", "val"))
    assert (learnt.learnt_from, learnt.chosen_on) == (learnt.judged, 0) == (len(split.part("train")), 0)
    assert (chosen.learnt_from, chosen.chosen_on) == (0, chosen.judged) == (0, len(split.part("val")))
    assert counted(way, tmp_path / "test", part=None) is None


def copied_run(way, folder: Path) -> Path:
    """The run, whose split names the same pictures from there."""
    shutil.copytree(way.run, folder)
    datasets.write_split(datasets.read_split(way.split), folder / "split.csv")
    return folder


def test_what_was_held_out_and_what_only_looks_alike_are_not_counted(way, tmp_path):
    assert counted(way, datasets.read_split(way.split)) is None
    alike = 0
    for row in datasets.read_split(way.split).part("train"):
        place = tmp_path / row.label / Path(row.path).name
        place.parent.mkdir(exist_ok=True)
        pixels = images.read(row.path).pixels.copy()
        pixels[0, 0] ^= 1
        images.write_png(pixels, place)
        alike += place.stat().st_size == Path(row.path).stat().st_size
    assert alike > 0
    assert counted(way, tmp_path, part=None) is None


def test_the_very_split_is_called_so_and_counted(way):
    found = counted(way, datasets.read_split(way.split), part="val")
    assert (found.by, found.learnt_from, found.chosen_on) == ("split", 0, found.judged)


def test_a_bundle_without_its_run_or_in_that_of_another_says_no_more_than_it_knows(way, tmp_path):
    shutil.copytree(way.bundle, tmp_path / "alone")
    copied_run(way, tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    facts["data"]["fingerprint"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    for bundle in ("alone", "run/bundle"):
        assert evaluate(tmp_path / bundle, datasets.split(way.data, seed=11), resamples=20).met_before is None


@pytest.mark.parametrize("missing", ["split.csv", "run.json"])
def test_a_run_that_is_not_whole_is_no_reason_to_fail(way, tmp_path, missing):
    copied_run(way, tmp_path / "run")
    (tmp_path / "run" / missing).unlink()
    anew = datasets.split(way.data, seed=11)
    assert evaluate(tmp_path / "run" / "bundle", anew, resamples=20).met_before is None
    assert evaluate(copied_run(way, tmp_path / "whole") / "bundle", anew, resamples=20).met_before is not None


@pytest.mark.parametrize("by", ["name", "weights", "look", "split"])
def test_pictures_that_are_counted_say_more_than_a_name_or_a_look(way, by):
    """The very split alone stays called so: that is all of them."""
    split = datasets.read_split(way.split)
    known = MetBefore(by=by, sets=("walls",), pictures=7)
    found = met_in_training(open_bundle(way.bundle), split.part("train"), known)
    assert found.by == ("split" if by == "split" else "pictures")
    assert found.sets == (("walls",) if by == "split" else ())
    assert (found.learnt_from, found.judged) == (len(split.part("train")),) * 2
    assert met_in_training(open_bundle(way.bundle), split.part("test"), known) == known


def test_the_test_part_of_a_random_split_is_not_met_for_the_copies_that_it_has(tmp_path):
    """Every picture lies there twice, byte for byte: many of those judged have their copy among those learnt from."""
    data, table, run = tmp_path / "data", tmp_path / "split.csv", tmp_path / "run"
    write_surface(data, 20)
    for path in sorted(data.glob("*/*.png")):
        shutil.copy(path, path.with_name(f"again-{path.name}"))
    assert main(["split", str(data), "-o", str(table), "--random", "--quiet"]) == 0
    assert main(["train", str(table), "-o", str(run), *SMALL, "--no-evaluate", "--quiet"]) == 0
    split = datasets.read_split(table)
    learnt = {Path(row.path).read_bytes() for row in split.part("train")}
    assert sum(Path(row.path).read_bytes() in learnt for row in split.part("test")) > 3
    assert evaluate(run, split, resamples=20).met_before is None
    assert evaluate(run, datasets.read_split(run / "split.csv"), resamples=20).met_before is None


def test_evaluate_says_it_and_keeps_it(way, tmp_path, capsys):
    call = ["evaluate", str(way.run), str(way.data), "--part", "all", "--seed", "5", "-o", str(tmp_path), "--quiet"]
    assert main(call) == 0
    capsys.readouterr()
    split = datasets.read_split(way.split)
    train, val = len(split.part("train")), len(split.part("val"))
    said = f"The bundle learnt from {train} of the {len(split.rows)} pictures judged, and {val} chose its epoch"
    assert conclusions(load(tmp_path))[0].startswith(said)
    assert said in Page(tmp_path / "report.html").text
    assert json.loads((tmp_path / "metrics.json").read_text())["met_before"]["learnt_from"] == train


def test_what_a_bundle_was_adapted_to_is_counted_and_not_called_a_split(tmp_path):
    """A folder without parts: there is no test part to judge on."""
    write_surface(tmp_path / "data", 6)
    split = datasets.load_apart(tmp_path / "data")
    old = write_small_bundle(tmp_path / "old")
    taught = TrainedOn(
        name=ADAPTED, pictures=12, fingerprint=split.fingerprint, digests=digests_of(row.path for row in split.rows)
    )
    manifest = msgspec.structs.replace(old.manifest, trained_on=(taught,))
    new = repack(tmp_path / "new", old, manifest, model=old.model, reference=None)
    evaluation = evaluate(new.path, split, part="all", resamples=20)
    assert evaluation.met_before == MetBefore(by="pictures", sets=(), pictures=12, learnt_from=12, judged=12)
    assert conclusions(evaluation)[0].startswith("The bundle learnt from 12 of the 12 pictures judged: these figures")


def test_scan_says_that_labels_which_the_bundle_learnt_are_hardly_doubted(way, tmp_path, capsys):
    split = datasets.read_split(way.split)
    learnt = len(split.part("train"))
    said = f"The bundle learnt from {learnt} of the {len(split.rows)} pictures judged"
    renamed = shutil.copytree(way.data, tmp_path / "renamed")
    shutil.move(sorted((renamed / "crack").iterdir())[0], renamed / "crack" / "another.png")
    assert main(["scan", str(renamed), "--bundle", str(way.run)]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert f"{said}, and {len(split.part('val'))} chose its epoch and threshold: wrong labels among them" in told
    moved = shutil.copytree(way.bundle, tmp_path / "moved")
    for bundle in (way.run, moved):
        assert main(["scan", str(way.data), "--bundle", str(bundle)]) == 0
        told = " ".join(capsys.readouterr().err.split())
        assert f"trained on this very split, and it learnt from {learnt} pictures: wrong labels among them" in told
    assert main(["scan", str(way.data), "--bundle", str(way.run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["met_before"]["learnt_from"] == learnt
    write_surface(tmp_path / "new", 12)
    assert main(["scan", str(tmp_path / "new"), "--bundle", str(way.run)]) == 0
    assert "learnt" not in capsys.readouterr().err


def test_a_matrix_marks_such_cells_and_leaves_them_out_of_its_headline(way, tmp_path, capsys):
    shutil.copytree(way.data, tmp_path / "copied")
    write_surface(tmp_path / "new", 12)
    places = ["--on", f"slabs={tmp_path / 'copied'}", "--on", f"new={tmp_path / 'new'}"]
    call = ["matrix", *places, "--bundle", f"b={way.run}", "--seed", "5", "-o", str(tmp_path / "m"), "--quiet"]
    assert main(call) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "b on slabs: The bundle learnt from" in told
    assert "b on new" not in told
    page = Page(tmp_path / "m" / "matrix.html").text
    split = datasets.read_split(way.split)
    met = len(split.part("train")) + len(split.part("val"))
    assert page.count(f"{met} of {len(split.rows)} met before") == 4
    cells = json.loads((tmp_path / "m" / "matrix.json").read_text())["cells"]
    (other,) = (cell["figures"]["balanced_accuracy"]["value"] for cell in cells if cell["column"] == "new")
    assert f"not trained on here, balanced accuracy is {number(other)}. " in page


@pytest.fixture(scope="module")
def grown(way, tmp_path_factory):
    """Other data, and a run on them that began with the weights of the first run."""
    folder = tmp_path_factory.mktemp("grown")
    write_surface(folder / "new", 12)
    call = ["train", str(folder / "new"), "-o", str(folder / "run"), *SMALL, "--weights", str(way.run)]
    assert main([*call, "--no-evaluate", "--quiet"]) == 0
    return folder


def test_a_bundle_says_what_its_starting_weights_had_learnt_from(way, grown, capsys):
    first, then = (open_bundle(run).manifest for run in (way.run, grown / "run"))
    assert first.started_from is msgspec.UNSET
    assert then.started_from.fingerprint == fingerprint(first)
    assert then.started_from.trained_on == first.trained_on
    kept = json.loads((grown / "run" / "run.json").read_text())["started_from"]
    assert msgspec.convert(kept, StartedFrom) == then.started_from
    assert main(["bundle", "show", str(grown / "run")]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f"began with the weights of probe, {fingerprint(first)}" in rows
    assert f"which had met unnamed: {first.trained_on[0].pictures} pictures, licence not stated" in rows
    card = (grown / "run" / "bundle" / "README.md").read_text()
    assert f"the weights of the bundle probe ({fingerprint(first)[:16]}), which had learnt from:" in card


def test_what_a_bundle_and_its_own_starting_weights_had_met_is_counted_once(way, grown, tmp_path):
    first, then = open_bundle(way.run), open_bundle(grown / "run")
    twice = msgspec.structs.replace(then.manifest, trained_on=first.manifest.trained_on)
    bundle = repack(tmp_path / "twice", then, twice, model=then.model, reference=None)
    known = started_from(find_weights(msgspec.structs.replace(recipes.load("probe").network, weights=str(bundle.path))))
    assert known is not None
    assert known.trained_on == first.manifest.trained_on


def test_pictures_that_the_starting_weights_learnt_from_are_counted_or_their_split_known(way, grown, tmp_path):
    bundle = open_bundle(grown / "run")
    split = datasets.read_split(way.split)
    learnt = len(split.part("train"))
    anew = evaluate(grown / "run", datasets.split(way.data, seed=11), part=None, resamples=20)
    found = anew.met_before
    assert (found.by, found.learnt_from, found.judged) == ("weights", learnt, len(split.rows))
    assert f"those of an earlier bundle, learnt from {learnt} of the" in conclusions(anew)[0]
    assert evaluate(grown / "run", split, part="test", resamples=20).met_before is None
    assert evaluate(grown / "run", datasets.read_split(grown / "run" / "split.csv"), resamples=20).met_before is None
    elsewhere = {"network": {"weights": "gone"}}
    manifest = msgspec.structs.replace(bundle.manifest, recipe=elsewhere)
    moved = repack(tmp_path / "moved", bundle, manifest, model=bundle.model, reference=None)
    very = evaluate(scoring.load(moved), split, part="train", resamples=20)
    assert (very.met_before.by, very.met_before.pictures) == ("weights_split", learnt)
    assert "were trained on this very split, and learnt from" in conclusions(very)[0]
