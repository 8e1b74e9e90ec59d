"""A killed training goes on to the bytes of an undisturbed one. More kills: `proofs/kills.py`."""

import hashlib
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crackscope import recipes
from crackscope.training import Progress, TrainOptions, train
from tests.small_kills import kill_at
from tests.small_patches import write_patches

RECIPE = recipes.override(
    recipes.load("mobilenetv2-finetune"), ["network.weights=none", "phases.epochs=3", "phases.batch=8"]
)
SETTINGS = ["--set", "phases.epochs=3", "--set", "phases.batch=8"]


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def words(data: Path, run: Path) -> list[str]:
    call = [
        "train",
        str(data),
        "--recipe",
        "mobilenetv2-finetune",
        "--weights",
        "none",
        "-o",
        str(run),
        "--no-evaluate",
    ]
    return [*call, *SETTINGS, "--quiet", "--resume"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patches(tmp_path_factory.mktemp("kills") / "data")


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    run = train(data, RECIPE, tmp_path_factory.mktemp("calm") / "run")
    return digests(Path(run.bundle))


def test_kills_while_files_appear(data: Path, undisturbed: dict[str, str], tmp_path: Path) -> None:
    # Before the run has a name, after an epoch, and while the bundle is put in its place.
    for move in (2, 6, 13):
        kill_at(move, *words(data, tmp_path / "run"))
    assert not (tmp_path / "run" / "bundle").exists()
    subprocess.run([sys.executable, "-m", "crackscope", *words(data, tmp_path / "run")], check=True)
    assert digests(tmp_path / "run" / "bundle") == undisturbed


@pytest.mark.parametrize(("stage", "at"), [("features", 30), ("training", 1), ("training", 11), ("writing", 1)])
def test_interrupt_at_every_stage(data: Path, undisturbed: dict[str, str], tmp_path: Path, stage: str, at: int) -> None:
    seen = 0

    def interrupt(progress: Progress) -> None:
        nonlocal seen
        seen += progress.stage == stage
        if seen == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, RECIPE, tmp_path / "run", progress=interrupt)
    run = train(data, RECIPE, tmp_path / "run", options=TrainOptions(resume=True))
    assert digests(Path(run.bundle)) == undisturbed


def test_full_disk_is_one_line_and_the_run_goes_on_afterwards(
    data: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    call = [sys.executable, "-m", "crackscope", *words(data, tmp_path / "run")]
    done = subprocess.run(call, preexec_fn=no_large_files, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written" in done.stderr
    subprocess.run(call, check=True)
    assert digests(tmp_path / "run" / "bundle") == undisturbed
