"""What Python hands over that cannot be meant: an error that says what is wanted, and never a fault of ours."""

import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

import crackscope
from crackscope import adaptation, images
from crackscope.datasets import Layout
from crackscope.errors import AdaptationError, BundleError, DatasetError, InspectionError, TrainingError
from crackscope.inspection import (
    InspectOptions,
    Work,
    explain,
    inspect_all,
    inspect_photo,
    open_photo,
    read_scale_table,
)
from crackscope.judging import Entry, Surface, compare, matrix
from crackscope.scoring import quantise
from crackscope.surfaces import generate

WALL = np.full((64, 64, 3), 128, np.uint8)


@pytest.mark.parametrize("threads", ["x", 0, 1.5, 10**20, True])
def test_threads_that_cannot_be(threads: object) -> None:
    for bundle in (None, crackscope.load(threads=1)):
        with pytest.raises(BundleError, match="it must be 1 or more, up to 1024"):
            crackscope.load(bundle, threads=threads)  # type: ignore[arg-type]  # that is what is refused


def test_threads_may_be_a_number_of_numpy() -> None:
    assert crackscope.load(threads=np.int64(2)).threads == 2  # type: ignore[arg-type]  # a whole number all the same


def test_options_that_are_none() -> None:
    with pytest.raises(TypeError, match=r"options is 'x', give InspectOptions\(...\)"):
        crackscope.inspect(WALL, options="x")  # type: ignore[arg-type]  # that is what is refused


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("memory_mib", -1, "memory_mib is -1, give 1 or more"),
        ("memory_mib", "x", "memory_mib is 'x', give a whole number of MiB"),
        ("memory_mib", True, "memory_mib is True, give a whole number of MiB"),
        ("false_alarms", "x", "false_alarms is 'x', give a number between 0 and 1"),
        ("least_probability", True, "least_probability is True, give a number from 0 to 1"),
        ("least_probability", None, "least_probability is None, give a number from 0 to 1"),
        ("scaling", 0.2, "scaling is 0.2, give what Scaling"),
    ],
)
def test_options_of_inspecting_that_cannot_be(name: str, value: object, says: str) -> None:
    with pytest.raises(InspectionError, match=says):
        InspectOptions(**{name: value})


def test_shares_and_seeds_that_are_no_numbers(tmp_path) -> None:
    for parts in ("60:20:20", ("a", "b", "c"), (True, 1, 1)):
        with pytest.raises(DatasetError, match="three numbers are wanted"):
            crackscope.split(tmp_path, parts=parts)  # type: ignore[arg-type]  # that is what is refused
    for label in ("crack", "sound"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.png").touch()
    for seed in ("x", True):
        with pytest.raises(DatasetError, match=f"the seed of the split is {seed!r}: it must be 0 or more"):
            crackscope.split(tmp_path, seed=seed)  # type: ignore[arg-type]  # that is what is refused


def test_adapt_is_at_hand_as_the_other_commands_are() -> None:
    assert crackscope.adapt is adaptation.adapt


def _evaluate(**options: object) -> object:
    return crackscope.evaluate("default", "patches", **options)  # type: ignore[arg-type]  # that is what is refused


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: crackscope.load(5), r"bundle is 5, give a path, or what crackscope.load\(\) gives, or None"),
        (lambda: crackscope.load(check="no"), "check is 'no', give True or False"),
        (lambda: crackscope.predict(WALL, bundle=[1]), "bundle is .1., give a path"),
        (lambda: crackscope.embed(WALL, bundle=1.5), "bundle is 1.5, give a path"),
        (lambda: crackscope.inspect("gone.jpg", options="x"), "options is 'x', give InspectOptions"),
        (
            lambda: inspect_photo("default", open_photo(WALL)),
            r"model is 'default', give what crackscope.load\(\)",
        ),
        (lambda: explain(crackscope.load(), "wall.jpg"), r"photo is 'wall.jpg', give what .*open_photo\(...\) gives"),
        (lambda: explain(crackscope.load(), open_photo(WALL), zone="1"), "zone is '1', give a whole number, or None"),
        (lambda: Work("default"), "model is 'default', give what"),
        (
            lambda: inspect_all(crackscope.load(), [WALL]),
            r"work is a Model, give Work\(...\), of",
        ),
        (lambda: crackscope.load().predict_all(5), "wants many pictures, .* not one int"),
        (lambda: InspectOptions(coarse="no"), "coarse is 'no', give True or False"),
        (lambda: InspectOptions(limits_mm="0.1,0.2"), "limits_mm is '0.1,0.2', give a list of numbers"),
        (lambda: read_scale_table("scale.csv", "wall.jpg"), "photos is 'wall.jpg', give a list of paths"),
        (lambda: images.find(5), "arguments is 5, give a path, or a list of them"),
        (lambda: crackscope.scan(5), "data is 5, give a path"),
        (lambda: crackscope.scan("patches", layout={"positive": ("a",)}), r"layout is .*, give Layout\(...\), of"),
        (lambda: crackscope.split("patches", random="no"), "random is 'no', give True or False"),
        (lambda: crackscope.split("patches", group_by=3), "group_by is 3, give a text, or None"),
        (lambda: Layout(positive="split"), "positive is 'split', give a list of texts"),
        (lambda: crackscope.evaluate(5, "patches"), "bundle is 5, give a path"),
        (lambda: crackscope.evaluate("default", 5), r"data is 5, give a path, or Split\(...\), of crackscope.datasets"),
        (lambda: _evaluate(seed="x"), "seed is 'x', give a whole number"),
        (lambda: _evaluate(resamples=None), "resamples is None, give a whole number"),
        (lambda: _evaluate(threads="2"), "threads is '2', give a whole number, or None"),
        (lambda: _evaluate(prevalence="2 %"), "prevalence is '2 %', give a number, or None"),
        (lambda: _evaluate(progress="x"), "progress is 'x', give a function, or None"),
        (lambda: _evaluate(called=None), "called is None, give a text"),
        (lambda: compare("runs/mine"), "evaluations is 'runs/mine', give a list of evaluations, or of their folders"),
        (lambda: compare([], bootstrap=1000), r"bootstrap is 1000, give Bootstrap\(...\), of crackscope.judging"),
        (lambda: matrix("x", []), r"entries is 'x', give a list of Entry\(...\), of crackscope.judging"),
        (lambda: Entry(name="a", model="default", trained_on=""), "model is 'default', give what"),
        (lambda: Surface(name="a", split="patches", part=None), r"split is 'patches', give Split\(...\)"),
        (lambda: crackscope.adapt("default", "patches", 5), "out is 5, give a path"),
        (lambda: crackscope.adapt("default", "patches", "out", "x"), r"options is 'x', give AdaptOptions\(...\)"),
        (lambda: adaptation.AdaptOptions(seed="x"), "seed is 'x', give a whole number"),
        (lambda: adaptation.suggest("default", ["wall.jpg"], 5), "model is 'default', give what"),
        (lambda: adaptation.suggest(crackscope.load(), "wall.jpg", 5), "paths is 'wall.jpg', give a list of paths"),
        (lambda: adaptation.suggest(crackscope.load(), ["wall.jpg"], "5"), "count is '5', give a whole number"),
        (lambda: adaptation.hand_out("x", "out", "m"), r"suggestions is 'x', give a list of Suggestion\(...\)"),
        (lambda: quantise("default", "wall.jpg", "out"), "sources is 'wall.jpg', give a list of paths"),
        (lambda: generate("x"), "seed is 'x', give a whole number"),
        (lambda: generate(0, 256), r"size is 256, give two whole numbers, \(width, height\)"),
        (lambda: generate(0, width_px=(1,)), r"width_px is \(1,\), give two numbers"),
    ],
)
def test_what_cannot_be_meant_is_told_by_name_before_any_work(call: Callable[[], object], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        call()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda training: training.train("patches", options="x"), r"options is 'x', give TrainOptions\(...\), of"),
        (lambda training: training.train("patches", progress="x"), "progress is 'x', give a function, or None"),
        (lambda training: training.train(5), r"data is 5, give a path, or Split\(...\)"),
        (lambda training: training.train("patches", recipe=5), r"recipe is 5, give a path, or Recipe\(...\)"),
        (lambda training: training.train("patches", weights=5), "weights is 5, give a path, or None"),
        (lambda training: training.TrainOptions(threads="2"), "threads is '2', give a whole number, or None"),
        (lambda training: training.TrainOptions(random="no"), "random is 'no', give True or False"),
        (lambda training: training.TrainOptions(licences={"": 5}), "licences is .5., give a list of texts"),
    ],
)
def test_what_cannot_be_meant_of_a_training(call: Callable[[ModuleType], object], says: str) -> None:
    pytest.importorskip("torch")
    with pytest.raises(TypeError, match=f"^{says}"):
        call(importlib.import_module("crackscope.training"))


def test_options_of_another_kind_than_there_are() -> None:
    for wrong in ({"most_forgotten": 5.0}, {"seed": -1}):
        with pytest.raises(AdaptationError, match=r"most_forgotten is 5.0: it must|the seed is -1: it must"):
            adaptation.AdaptOptions(**wrong)
    training = pytest.importorskip("torch") and importlib.import_module("crackscope.training")
    with pytest.raises(TrainingError, match="device is 'gpu': it must be auto or cpu or cuda"):
        training.TrainOptions(device="gpu")


def test_numbers_and_truth_values_of_numpy_count_as_python_s() -> None:
    options = adaptation.AdaptOptions(seed=np.int64(3), most_forgotten=np.float32(0.5), curve=np.bool_(True))  # type: ignore[arg-type]  # they are such
    assert options.curve
    with pytest.raises(TypeError, match="seed is True, give a whole number"):
        adaptation.AdaptOptions(seed=True)
