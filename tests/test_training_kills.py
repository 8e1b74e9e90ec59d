"""A killed training goes on to the bytes of an undisturbed one. More kills: `proofs/kills.py`."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crackscope import recipes
from crackscope.training import Progress, TrainOptions, checkpoints, train
from tests.small_kills import kill_at
from tests.small_patches import write_patches

SETTINGS = ["phases.epochs=3", "phases.batch=8", "phases.0.freeze={layers=-3}"]
RECIPE = recipes.override(recipes.load("mobilenetv2-finetune"), SETTINGS)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def words(data: Path, weights: Path, run: Path) -> list[str]:
    call = ["train", str(data), "--recipe", RECIPE.name, "--weights", str(weights), "-o", str(run), "--no-evaluate"]
    return [*call, *(word for setting in SETTINGS for word in ("--set", setting)), "--quiet", "--resume"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patches(tmp_path_factory.mktemp("kills") / "data")


@pytest.fixture(scope="module")
def weights(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose norms are folded, as published weights have them: those that learn on are to be calibrated."""
    once = ["network.weights=none", "phases.epochs=1", 'store="float16"']
    return Path(train(data, recipes.override(RECIPE, once), tmp_path_factory.mktemp("weights") / "run").bundle)


@pytest.fixture(scope="module")
def undisturbed(data: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    run = train(data, RECIPE, tmp_path_factory.mktemp("calm") / "run", weights=str(weights))
    return digests(Path(run.bundle))


def test_kills_while_files_appear(data: Path, weights: Path, undisturbed: dict[str, str], tmp_path: Path) -> None:
    # Before the run has a name, after an epoch, and when the bundle is about to be put in its place.
    moved = [kill_at(move, *words(data, weights, tmp_path / "run")) for move in (2, 6, 14)]
    assert moved == ["summary.txt", "last.safetensors", "bundle"]
    assert not (tmp_path / "run" / "bundle").exists()
    subprocess.run([sys.executable, "-m", "crackscope", *words(data, weights, tmp_path / "run")], check=True)
    assert digests(tmp_path / "run" / "bundle") == undisturbed


# The learning takes five steps an epoch: the 16th is the first of the second phase, where more norms learn.
@pytest.mark.parametrize(
    ("stage", "at"), [("features", 30), ("training", 1), ("training", 16), ("training", 22), ("writing", 1)]
)
def test_interrupt_at_every_stage(
    data: Path, weights: Path, undisturbed: dict[str, str], tmp_path: Path, stage: str, at: int
) -> None:
    seen = 0

    def interrupt(progress: Progress) -> None:
        nonlocal seen
        seen += progress.stage == stage
        if seen == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, RECIPE, tmp_path / "run", weights=str(weights), progress=interrupt)
    run = train(data, RECIPE, tmp_path / "run", weights=str(weights), options=TrainOptions(resume=True))
    assert digests(Path(run.bundle)) == undisturbed


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (1, "it begins with its first epoch: none was done before"),
        (7, "it goes on with phase 1 of 2, epoch 2 of 3, 1 epoch done before"),
        (16, "it goes on with phase 2 of 2, epoch 1 of 3, 3 epochs done before"),
    ],
)
def test_a_training_that_goes_on_says_from_where(data: Path, weights: Path, tmp_path: Path, at: int, says: str) -> None:
    seen, remarks = 0, list[str]()

    def interrupt(progress: Progress) -> None:
        nonlocal seen
        seen += progress.stage == "training"
        if seen == at:
            raise KeyboardInterrupt

    def hear(progress: Progress) -> None:
        remarks.append(progress.remark)
        if progress.stage == "training" and not progress.remark:
            raise KeyboardInterrupt

    for listener, options in ((interrupt, TrainOptions()), (hear, TrainOptions(resume=True))):
        with pytest.raises(KeyboardInterrupt):
            train(data, RECIPE, tmp_path / "run", weights=str(weights), options=options, progress=listener)
    assert [remark for remark in remarks if "epoch" in remark] == [says]


def test_the_seconds_of_a_training_that_goes_on_count_those_before(data: Path, weights: Path, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, RECIPE, tmp_path / "run", weights=str(weights), progress=interrupt)
    file = tmp_path / "run" / "checkpoints" / "last.safetensors"
    state = checkpoints.load(file)
    state.counters.used_s += 10_000
    checkpoints.save(state, file)
    run = train(data, RECIPE, tmp_path / "run", weights=str(weights), options=TrainOptions(resume=True))
    assert run.seconds > 10_000


def test_a_training_that_its_time_stopped_ends_the_same_if_killed_right_after(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The average of the weights, which the bundle holds, takes their place after the checkpoint of the last epoch.
    settings = ["network.weights=none", "time_budget_s=1e-6", "phases.average=0.9", "phases.batch=8"]
    recipe = recipes.override(recipes.load("probe"), settings)
    calm, replace = train(data, recipe, tmp_path / "calm"), os.replace

    def interrupt(source: Path, target: Path) -> None:
        if Path(target).name == "history.csv":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(data, recipe, tmp_path / "run")
    monkeypatch.undo()
    run = train(data, recipe, tmp_path / "run", options=TrainOptions(resume=True))
    assert (run.stopped, len(run.history)) == ("time", 1)
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 2
    assert digests(Path(run.bundle)) == digests(Path(calm.bundle))


def test_full_disk_is_one_line_and_the_run_goes_on_afterwards(
    data: Path, weights: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    call = [sys.executable, "-m", "crackscope", *words(data, weights, tmp_path / "run")]
    done = subprocess.run(call, preexec_fn=no_large_files, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written" in done.stderr
    subprocess.run(call, check=True)
    assert digests(tmp_path / "run" / "bundle") == undisturbed
