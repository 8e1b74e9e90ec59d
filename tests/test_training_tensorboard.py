"""The curves that `--tensorboard` asks for, as TensorBoard's own reader finds them."""

import csv
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from crackscope import recipes
from crackscope.errors import TrainingError
from crackscope.training import Progress, TrainOptions, train
from tests.small_patches import write_patches

PROBE = recipes.override(recipes.load("probe"), ["network.weights=none", "phases.epochs=3", "phases.batch=8"])
CURVES = {
    "train/loss": "train_loss",
    "train/accuracy": "train_accuracy",
    "val/loss": "val_loss",
    "val/accuracy": "val_accuracy",
    "learning/rate": "learning_rate",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patches(tmp_path_factory.mktemp("tensorboard") / "data")


def curves(run: Path) -> dict[str, list[tuple[int, float]]]:
    found = EventAccumulator(str(run / "events"))
    found.Reload()
    return {name: [(event.step, event.value) for event in found.Scalars(name)] for name in found.Tags()["scalars"]}


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def assert_as_in_the_history(run: Path) -> None:
    history, drawn = rows(run), curves(run)
    assert drawn.keys() == CURVES.keys()
    for name, column in CURVES.items():
        wanted = [(number, float(row[column])) for number, row in enumerate(history, 1)]
        assert [step for step, _ in drawn[name]] == [step for step, _ in wanted]
        assert [value for _, value in drawn[name]] == pytest.approx([value for _, value in wanted], rel=1e-5)


def test_each_epoch_is_a_point_of_each_curve(data: Path, tmp_path: Path) -> None:
    train(data, PROBE, tmp_path / "run", options=TrainOptions(tensorboard=True))
    assert len(rows(tmp_path / "run")) == 3
    assert_as_in_the_history(tmp_path / "run")


def test_a_training_that_goes_on_draws_no_epoch_twice(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"

    def interrupt(progress: Progress) -> None:
        if progress.stage == "training" and progress.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, PROBE, run, options=TrainOptions(tensorboard=True), progress=interrupt)
    assert len(rows(run)) == 2
    train(data, PROBE, run, options=TrainOptions(tensorboard=True, resume=True))
    assert len(rows(run)) == 3
    assert_as_in_the_history(run)


def test_where_it_is_not_installed_that_is_said_and_no_folder_left(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(TrainingError, match=r"pip install '\.\[tensorboard\]'"):
        train(data, PROBE, tmp_path / "run", options=TrainOptions(tensorboard=True))
    assert not (tmp_path / "run").exists()
