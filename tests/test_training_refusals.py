"""What a training refuses, and when: before the work wherever that can be known."""

import os
import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import datasets, images, recipes
from crackscope.bundles import open_bundle
from crackscope.errors import CrackscopeError, DatasetError, OutputError, TrainingError
from crackscope.scoring import load
from crackscope.training import Progress, TrainOptions, train
from crackscope.training.checks import check_disk
from crackscope.training.features import Half, Maker
from crackscope.training.pictures import Reader
from tests.small_patches import write_patches

PROBE = recipes.override(recipes.load("probe"), ["network.weights=none", "phases.epochs=1", "phases.batch=8"])


def refused(data: Path, out: Path, options: TrainOptions | None = None) -> str:
    with pytest.raises(CrackscopeError) as caught:
        train(data, PROBE, out, options=options)
    assert "\n" not in str(caught.value)
    assert not (out / "bundle").exists()
    return str(caught.value)


def test_a_licence_that_no_bundle_takes_is_refused_at_once() -> None:
    with pytest.raises(TrainingError, match=r"a licence has 5,000 letters, a bundle takes 4,096: give its name"):
        TrainOptions(licences={"": "x" * 5000})


def test_one_class_empty(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 8)
    for file in (data / "crack").iterdir():
        file.unlink()
    assert "no readable picture is labelled crack" in refused(data, tmp_path / "run")


def test_one_picture(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 1)
    for file in (data / "sound").iterdir():
        file.unlink()
    assert "one labelled picture only" in refused(data, tmp_path / "run")


def test_all_unreadable(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 6)
    for file in data.rglob("*.png"):
        file.write_bytes(b"not a picture")
    assert "of 12 pictures none can be read" in refused(data, tmp_path / "run")


def test_a_third_unreadable_is_refused_unless_allowed(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 20)
    for file in sorted(data.rglob("*.png"))[::3]:
        file.write_bytes(file.read_bytes()[:60])
    said = refused(data, tmp_path / "run")
    assert "14 of 40 pictures cannot be read" in said
    assert "--max-unreadable" in said
    run = train(data, PROBE, tmp_path / "run", options=TrainOptions(max_unreadable=0.5))
    assert Path(run.bundle).is_dir()


@pytest.mark.parametrize(
    ("recipe", "settings", "lever"),
    [
        ("default", ["phases.0.batch=1000000"], r"lower phases\.0\.batch \(1,000,000\), or close other programs"),
        ("default", ["augmentation.crop=60000"], r"lower augmentation\.crop \(60,000 px\), or close other programs"),
        ("probe", ["input=4096"], r"lower input \(4,096 px\), or close other programs"),
    ],
)
def test_too_little_memory_names_what_asks_for_it(tmp_path: Path, recipe: str, settings: list[str], lever: str) -> None:
    data = write_patches(tmp_path / "data", 40)
    asked = recipes.override(recipes.load(recipe), ["network.weights=none", *settings])
    with pytest.raises(TrainingError, match=rf"MiB of memory are needed and [\d,]+ are free: {lever}$"):
        train(data, asked, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_batch_holds_no_more_than_there_are_pictures(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 8)
    assert train(data, recipes.override(PROBE, ["phases.0.batch=1000000"]), tmp_path / "run").history


def test_too_full_a_disk_says_what_to_do_and_leaves_no_folder(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    with pytest.raises(OutputError, match=r"are free there: make room, or name another folder with -o$"):
        check_disk(out, 10**12, 100)
    assert not out.parent.exists()
    check_disk(out, 10, 100)


@pytest.mark.parametrize("part", ["val", "train"])
def test_a_part_that_lacks_a_label_is_said_of_its_file(tmp_path: Path, part: str) -> None:
    split = datasets.split(write_patches(tmp_path / "data", 8))
    rows = tuple(row for row in split.rows if (row.part, row.label) != (part, "crack"))
    datasets.write_split(msgspec.structs.replace(split, rows=rows), tmp_path / "m.csv")
    said = refused(tmp_path / "m.csv", tmp_path / "run")
    assert said.startswith(f"{tmp_path / 'm.csv'}: its {part} part holds no 'crack' picture")
    assert "`crackscope split`" in said
    assert "--parts" not in said


def test_without_a_val_part_a_recipe_that_needs_none_keeps_its_last_weights(tmp_path: Path) -> None:
    data = tmp_path / "m.csv"
    datasets.write_split(datasets.split(write_patches(tmp_path / "data", 10), parts=(80, 0, 20)), data)
    said = refused(data, tmp_path / "run")
    assert said.startswith(f"{data}: it has no val part, and the recipe probe stops by its loss")
    assert said.endswith("or train with --set phases.0.early_stopping.patience=0")
    with pytest.raises(TrainingError, match="no val part, and the recipe probe fits the probability to it"):
        train(data, recipes.override(PROBE, ["calibrate=true"]), tmp_path / "run")
    settings = ["phases.0.epochs=2", "augmentation.flip_vertical=true", "phases.0.early_stopping.patience=0"]
    for name, freeze in (("frozen", []), ("free", ["phases.0.freeze={}"])):
        recipe = recipes.override(PROBE, [*settings, *freeze])
        run = train(data, recipe, tmp_path / name)
        assert run.kept == run.history[-1]
        assert run.kept.val_loss is None
        assert train(data, recipe, tmp_path / name, options=TrainOptions(resume=True)) == run
        assert "validation_loss" not in load(run.bundle).manifest.figures


def test_gpu_that_is_not_there(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so asking for one is no error")
    data = write_patches(tmp_path / "data", 6)
    assert "GPU" in refused(data, tmp_path / "run", TrainOptions(device="cuda"))


def test_folder_in_the_way_and_folder_that_cannot_be(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 6)
    out = tmp_path / "run"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert "not empty" in refused(data, out)
    assert (out / "mine.txt").read_text() == "mine"
    (tmp_path / "file").write_text("")
    assert "a file is in the way of the folder" in refused(data, tmp_path / "file" / "run")
    assert "a file is in the way of the folder" in refused(data, tmp_path / "file")


def test_what_is_no_run_is_not_gone_on_with(tmp_path: Path) -> None:
    """Neither somebody else's folder, nor a state of which nothing says what data and recipe it comes from."""
    data, resume = write_patches(tmp_path / "data", 8), TrainOptions(resume=True)
    out = tmp_path / "run"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert "is not empty, and holds no run to go on with" in refused(data, out, resume)
    assert [file.name for file in out.iterdir()] == ["mine.txt"]
    (out / "mine.txt").unlink()
    train(data, PROBE, out, options=resume)
    (out / "run.json").unlink()
    shutil.rmtree(out / "bundle")
    other = write_patches(tmp_path / "other", 9)
    assert "holds the state of a training, but no run.json to say of what" in refused(other, out, resume)


def test_another_recipe_does_not_go_on_with_a_run(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 8)
    train(data, PROBE, tmp_path / "run")
    with pytest.raises(TrainingError, match="holds a run already"):
        train(data, PROBE, tmp_path / "run")
    with pytest.raises(TrainingError, match="another recipe"):
        train(data, recipes.override(PROBE, ["seed=3"]), tmp_path / "run", options=TrainOptions(resume=True))


def patches_and_split(folder: Path) -> tuple[Path, Path]:
    """A folder of patches, and a split of it."""
    data, split = write_patches(folder / "data", 8), folder / "m.csv"
    datasets.write_split(datasets.split(data, seed=3), split)
    return data, split


def test_other_data_do_not_go_on_with_a_run(tmp_path: Path) -> None:
    data, split = patches_and_split(tmp_path)
    on, run = TrainOptions(resume=True), tmp_path / "run"
    first = train(split, PROBE, run)
    datasets.write_split(datasets.split(data, seed=4), tmp_path / "dealt-anew.csv")
    write_patches(tmp_path / "others", 8, side=48)
    more = shutil.copytree(data, tmp_path / "more")
    images.write_png(np.zeros((64, 64, 3), np.uint8), more / "sound" / "new.png")
    fewer = shutil.copytree(data, tmp_path / "fewer")
    sorted((fewer / "sound").iterdir())[0].unlink()
    for other in ("dealt-anew.csv", "others", "more", "fewer"):
        with pytest.raises(TrainingError) as caught:
            train(tmp_path / other, PROBE, run, options=on)
        told = f"{run} was begun on other data ({split}, 16 pictures): name that, or another -o"
        assert str(caught.value) == told
    with pytest.raises(DatasetError, match="no such folder"):
        train(tmp_path / "gone.csv", PROBE, run, options=on)
    assert train(split, PROBE, run, options=on) == first


def test_the_same_data_by_another_name_do(tmp_path: Path) -> None:
    data, split = patches_and_split(tmp_path)
    on, run = TrainOptions(resume=True), tmp_path / "run"
    first = train(split, PROBE, run)
    copied = shutil.copytree(data, tmp_path / "copied")
    for same in (run / "split.csv", data, copied, datasets.read_split(split)):
        assert train(same, PROBE, run, options=on) == first
    data.rename(tmp_path / "moved")
    assert train(tmp_path / "moved", PROBE, run, options=on) == first


def test_a_run_whose_pictures_have_gone_does_not_go_on_before_they_are_back(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 8)
    on, run = TrainOptions(resume=True), tmp_path / "run"

    def interrupt(progress: Progress) -> None:
        if (run / "run.json").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, PROBE, run, progress=interrupt)
    moved = data.rename(tmp_path / "moved")
    begins, ends = f"{run} goes on with the pictures that it began with, and ", "back, or begin anew with another -o"
    all_gone = f"{begins}16 of 16 pictures have gone from {data}: move them {ends}"
    assert refused(moved, run, on) == all_gone
    assert refused(data, run, on) == all_gone
    data.mkdir()
    assert refused(data, run, on) == all_gone
    data.rmdir()
    moved.rename(data)
    first = sorted((data / "crack").iterdir())[0]
    away = first.rename(tmp_path / first.name)
    assert (
        refused(data, run, on)
        == f"{begins}1 of 16 pictures has gone from {data / 'crack'} (the first: {first}): move it {ends}"
    )
    away.rename(first)
    train(data, PROBE, run, options=on)


def test_a_run_goes_on_as_it_began_and_says_so_where_other_options_are_named(tmp_path: Path) -> None:
    data, run = write_patches(tmp_path / "data", 8), tmp_path / "run"
    remarks = list[str]()

    def interrupt(progress: Progress) -> None:
        if progress.stage == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, PROBE, run, progress=interrupt, options=TrainOptions(threads=1, licences={"": "CC0"}))
    ways = {
        "without --random": TrainOptions(resume=True, random=True),
        "without --group-by": TrainOptions(resume=True, group_by=r"^(\d)"),
        "with another --licence": TrainOptions(resume=True, licences={"": "CC BY 4.0"}),
    }
    for was, options in ways.items():
        said = f"{run} was begun {was}: leave it away to go on as it began, or use another -o"
        assert refused(data, run, options) == said
    on = TrainOptions(resume=True, threads=2)
    ended = train(data, PROBE, run, options=on, progress=lambda progress: remarks.append(progress.remark))
    assert "it goes on in 1 thread, as it began, to end with the same bytes" in remarks
    assert {one.licence for one in open_bundle(ended.bundle).manifest.trained_on} == {"CC0"}


def test_data_go_on_that_had_unreadable_pictures_or_lost_some_since(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 20)
    on, run = TrainOptions(resume=True), tmp_path / "run"
    spoilt = data / "crack" / "spoilt.png"
    spoilt.write_bytes(b"no picture")
    first = train(data, PROBE, run)
    assert train(data, PROBE, run, options=on) == first
    sorted((data / "sound").iterdir())[0].unlink()
    assert train(data, PROBE, run, options=on) == first
    shutil.copy(sorted((data / "sound").iterdir())[0], data / "sound" / "again.png")
    (data / "sound" / "and-again.png").write_bytes(b"no picture either")
    with pytest.raises(TrainingError, match="other data"):
        train(data, PROBE, run, options=on)


@pytest.mark.parametrize("resume", [False, True])
def test_two_trainings_do_not_write_into_one_run(tmp_path: Path, resume: bool) -> None:
    data = write_patches(tmp_path / "data", 8)
    out, said = tmp_path / "run", []

    def join_in(progress: Progress) -> None:
        if progress.stage == "features" and not said:
            said.append(refused(data, out, TrainOptions(resume=resume)))

    first = train(data, PROBE, out, progress=join_in)
    assert said == [f"another training is writing into {out}: wait for it, or name another folder with -o"]
    assert train(data, PROBE, out, options=TrainOptions(resume=True)) == first


@pytest.mark.parametrize(("resume", "told"), [(False, "holds a run already"), (True, "another training has begun in")])
def test_a_run_that_another_training_wrote_meanwhile_is_left_as_it_is(tmp_path: Path, resume: bool, told: str) -> None:
    data = write_patches(tmp_path / "data", 8)
    out, runs = tmp_path / "run", []

    def be_faster(progress: Progress) -> None:
        if progress.stage == "reading" and not runs:
            runs.append(None)
            runs.append(train(data, PROBE, out))

    with pytest.raises(TrainingError, match=told):
        train(data, PROBE, out, options=TrainOptions(resume=resume), progress=be_faster)
    assert train(data, PROBE, out, options=TrainOptions(resume=True)) == runs[1]


def test_finished_run_is_given_back_as_it_is_wherever_it_lies(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 8)
    first = train(data, PROBE, tmp_path / os.fsdecode(b"run-\xff"))
    assert train(data, PROBE, Path(first.folder), options=TrainOptions(resume=True)) == first
    moved = Path(first.folder).rename(tmp_path / "moved")
    again = train(data, PROBE, moved, options=TrainOptions(resume=True))
    assert (again.history, again.parameters, again.seconds) == (first.history, first.parameters, first.seconds)
    assert load(again.bundle).manifest.name == PROBE.name
    assert Path(again.split).is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threads": 0}, "threads is 0: it must be 1 or more"),
        ({"cache_mib": -1}, "cache_mib is -1: it must be 0 or more"),
        ({"max_unreadable": 1.5}, "max_unreadable is 1.5: it must lie between 0 and 1"),
    ],
)
def test_numbers_that_cannot_be(options: dict[str, float], says: str) -> None:
    with pytest.raises(TrainingError, match=says):
        TrainOptions(**options)


def test_a_licence_of_a_surface_that_is_not_there(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 8)
    said = refused(data, tmp_path / "run", TrainOptions(licences={"": "CC BY 4.0", "moon": "CC0"}))
    assert said.startswith("a licence is given for the surface 'moon', of which no training picture is (none of them ")
    assert not (tmp_path / "run").exists()
    rows = [msgspec.structs.replace(row, surface="deck") for row in datasets.split(data).rows]
    split = datasets.Split(rows=tuple(rows))
    with pytest.raises(TrainingError, match=r"'moon', .* \(there are deck\)"):
        train(split, PROBE, tmp_path / "run", options=TrainOptions(licences={"moon": "CC0"}))


@pytest.mark.parametrize(("given", "told"), [(7e4, "7e+04"), (-np.inf, "inf"), (np.nan, "nan")])
def test_what_frozen_layers_give_too_large_to_be_kept_names_the_cause(tmp_path: Path, given: float, told: str) -> None:
    rows = datasets.read_rows(write_patches(tmp_path / "data", 1))
    reader = Reader(None, recipes.load("probe").augmentation, 0)

    def features(number: float) -> Half:
        return Maker(rows, reader, lambda _: np.array([1, number], np.float32), 1, augmented=False).one(0, 0)

    assert features(65504.0).max() == np.finfo(np.float16).max
    with pytest.raises(TrainingError, match=f"0000.png: the frozen layers give {re.escape(told)} for it, .*--weights"):
        features(given)
