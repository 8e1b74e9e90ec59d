"""Training through its public face, on patches small enough to learn in seconds."""

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import crackscope
from crackscope import datasets, images, networks, recipes
from crackscope.errors import TrainingError, WeightsError
from crackscope.recipes import Recipe
from crackscope.training import Progress, Run, TrainOptions, checkpoints, train, writing
from tests.publisher import KERAS_PATH, publisher, small_file
from tests.small_patches import patch, write_masked, write_patches
from tests.standin_server import Served

PROBE = recipes.override(recipes.load("probe"), ["network.weights=none", "phases.epochs=4", "phases.batch=8"])
FREEZE150 = recipes.override(
    recipes.load("mobilenetv2-freeze150"), ["network.weights=none", "phases.epochs=2", "phases.batch=8"]
)
FINETUNE = recipes.override(
    recipes.load("mobilenetv2-finetune"), ["network.weights=none", "phases.epochs=2", "phases.batch=8"]
)
DENSE = recipes.override(
    recipes.load("default"),
    ["network.weights=none", "phases.epochs=2", "phases.steps=2", "phases.batch=6", "augmentation.crop=64"],
)
ALL_FREE = recipes.override(
    PROBE, ["phases.freeze={}", "phases.epochs=1", "augmentation.flip_horizontal=true", "phases.norms=batch"]
)
UNFITTED = recipes.override(DENSE, ["calibrate=false", "verdict='threshold'", "miss_rate=0"])
"""Without the rules that are fitted on a hundred generated pictures, which takes most of the time."""
EVERY_KIND = pytest.mark.parametrize("recipe", [PROBE, FREEZE150, FINETUNE, DENSE, ALL_FREE], ids=lambda r: r.name)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patches(tmp_path_factory.mktemp("patches"))


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fewer validation rows there are, the fewer generated pictures are rules fitted on."""
    return write_patches(tmp_path_factory.mktemp("few"), 12)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


@EVERY_KIND
def test_two_runs_write_the_same_bundle_and_it_scores_like_the_network(
    recipe: Recipe, patches: Path, few: Path, tmp_path: Path
) -> None:
    import torch

    data = few if recipe.verdict == "conformal" else patches
    first, second = (train(data, recipe, tmp_path / name) for name in ("a", "b"))
    assert digests(Path(first.bundle)) == digests(Path(second.bundle))

    network = networks.build(recipe.network, recipe.head, None)
    network.load_state(Path(first.bundle) / "weights.safetensors")
    network.eval()
    model = crackscope.load(first.bundle)
    for number in range(8):
        pixels, _ = patch(500 + number, cracked=number % 2 == 0)
        with torch.no_grad():
            expected = network(torch.from_numpy(pixels)[None])
        scored = model.score(pixels)
        assert scored.score == pytest.approx(float(expected.score), abs=1e-4)
        assert np.abs(scored.map - expected.map[0, 0].numpy()).max() < 1e-4
        assert np.abs(scored.embedding - expected.embedding[0].numpy()).max() < 1e-4


def test_run_folder_holds_what_the_design_says(patches: Path, tmp_path: Path) -> None:
    run = train(patches, PROBE, tmp_path / "run")
    folder = Path(run.folder)
    facts = json.loads((folder / "run.json").read_text())
    assert facts["recipe"]["name"] == "probe"
    assert facts["versions"]["torch"].startswith("2.")
    assert facts["data"]["rows"] == 60
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert "parameters" in (folder / "summary.txt").read_text()
    split = datasets.read_split(folder / "split.csv")
    assert {row.part for row in split.rows} == {"train", "val", "test"}
    assert not list(folder.glob("features-*"))
    assert not list(folder.rglob("*.writing"))


def test_a_bundle_without_a_rule_of_its_own_refuses_a_photo_that_shows_nothing(patches: Path, tmp_path: Path) -> None:
    run = train(patches, PROBE, tmp_path / "run")
    pixels, _ = patch(1, cracked=True)
    for light, reason in ((1.0, ""), (0.05, "too dark")):
        seen = crackscope.inspect((pixels * light).astype(np.uint8), bundle=run.bundle)
        assert (seen.verdict == "cannot judge", seen.reason.partition(":")[0]) == (bool(reason), reason)


def test_it_learns(patches: Path, tmp_path: Path) -> None:
    recipe = recipes.override(PROBE, ["phases.epochs=40", "phases.learning_rate=0.01"])
    run = train(patches, recipe, tmp_path / "run")
    assert run.history[-1].train_loss < 0.6 * run.history[0].train_loss


def test_cache_in_memory_on_disk_or_none_gives_the_same_bytes(patches: Path, tmp_path: Path) -> None:
    recipe = recipes.override(FREEZE150, ["augmentation.views=12", "phases.epochs=1"])
    bundles = [
        Path(train(patches, recipe, tmp_path / str(mib), options=TrainOptions(cache_mib=mib)).bundle)
        for mib in (64, 1, 0)
    ]
    assert digests(bundles[0]) == digests(bundles[1]) == digests(bundles[2])


def features_on_the_disk(patches: Path, folder: Path, views: int, cache_mib: int) -> list[Path]:
    """The files of kept features that are there when the first step would be trained, and a user ends it."""
    recipe = recipes.override(FREEZE150, [f"augmentation.views={views}"])
    there: list[Path] = []

    def interrupt(progress: Progress) -> None:
        if progress.stage == "training":
            there.extend(folder.rglob("features-*"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(patches, recipe, folder / "run", options=TrainOptions(cache_mib=cache_mib), progress=interrupt)
    return there


def test_an_interrupt_leaves_no_kept_features_on_the_disk(patches: Path, tmp_path: Path) -> None:
    there = features_on_the_disk(patches, tmp_path, views=12, cache_mib=1)
    assert there
    assert not any(file.exists() for file in there)


def test_what_is_kept_of_training_and_validation_rows_shares_the_memory(patches: Path, tmp_path: Path) -> None:
    """34 views of 36 rows take 2.99 MiB, those of 12 validation rows .03 more."""
    there = features_on_the_disk(patches, tmp_path, views=34, cache_mib=3)
    assert [file.name for file in there] == ["features-train.f16"]


def test_half_a_bundle_that_a_kill_left_goes(patches: Path, tmp_path: Path) -> None:
    left = tmp_path / "run" / ".0123456789abcdef.part"
    left.mkdir(parents=True)
    (left / "model.onnx").write_bytes(b"half of it")
    recipe = recipes.override(PROBE, ["phases.epochs=1"])
    run = train(patches, recipe, tmp_path / "run", options=TrainOptions(resume=True))
    assert Path(run.bundle).is_dir()
    assert not left.exists()


@pytest.mark.parametrize("content", [b"{", b'{"recipe": "\xff"}', b"[" * 100_000])
def test_a_run_whose_facts_cannot_be_read_is_not_gone_on_with(patches: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(TrainingError, match=r"run\.json: cannot be read as a run .*; start anew in another folder"):
        train(patches, PROBE, tmp_path, options=TrainOptions(resume=True))
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_a_run_that_is_done_and_has_lost_its_bundle_writes_it_again(patches: Path, tmp_path: Path) -> None:
    recipe = recipes.override(PROBE, ["phases.epochs=1"])
    run = train(patches, recipe, tmp_path / "run")
    before = digests(Path(run.bundle))
    shutil.rmtree(run.bundle)
    again = train(patches, recipe, tmp_path / "run", options=TrainOptions(resume=True))
    assert digests(Path(again.bundle)) == before
    assert again.history == run.history


def test_labels_and_masks_are_learnt_in_one_training(patches: Path, tmp_path: Path) -> None:
    masked = write_masked(tmp_path / "masked")
    rows = [*datasets.read_rows(patches), *datasets.read_rows(masked)]
    parts = ("train", "val", "train")
    dealt = tuple(
        crackscope_row(row, parts[number % 3]) for number, row in enumerate(sorted(rows, key=lambda row: row.path))
    )
    run = train(datasets.Split(rows=dealt), UNFITTED, tmp_path / "run")
    assert any(row.mask for row in datasets.read_split(run.split).rows)
    assert crackscope.load(run.bundle).score(patch(1, cracked=True)[0]).map.shape == (16, 16)


PASSING = recipes.override(UNFITTED, ["phases.steps=0", "phases.epochs=1"])


def test_a_dense_network_may_pass_over_its_rows_though_some_of_its_layers_are_frozen(
    patches: Path, tmp_path: Path
) -> None:
    assert PASSING.phases[0].freeze.stage
    assert len(train(patches, PASSING, tmp_path / "run").history) == 1


def test_pictures_of_several_sizes_are_not_learnt_from_whole(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 6)
    for number, file in enumerate((data / "sound").iterdir()):
        images.write_png(np.random.default_rng(number).integers(0, 255, (96, 80, 3), np.uint8), file)
    told = r"pictures of 64 x 64 and of 80 x 96 px cannot be learnt from together: .* --set augmentation\.crop=128"
    with pytest.raises(TrainingError, match=told):
        train(data, recipes.override(PASSING, ["augmentation.crop=0"]), tmp_path / "run")


def crackscope_row(row, part):
    import msgspec

    return msgspec.structs.replace(row, part=part)


def test_frozen_layers_do_not_move(patches: Path, tmp_path: Path) -> None:
    import torch

    run = train(patches, FREEZE150, tmp_path / "run")
    torch.manual_seed(FREEZE150.seed)
    before = networks.build(FREEZE150.network, FREEZE150.head, None).state_dict()
    after = networks.build(FREEZE150.network, FREEZE150.head, None)
    after.load_state(Path(run.bundle) / "weights.safetensors")
    changed = {
        name.removeprefix("steps.").rsplit(".", 1)[0]
        for name, tensor in after.state_dict().items()
        if not torch.equal(tensor, before[name]) and "num_batches" not in name
    }
    assert changed == {"block_16_project_BN", "Conv_1", "Conv_1_bn", "head.dense.score"}


def test_early_stopping_ends_with_the_best_weights(patches: Path, tmp_path: Path) -> None:
    recipe = recipes.override(
        PROBE, ["phases.epochs=40", "phases.learning_rate=5.0", "phases.early_stopping={patience=2}"]
    )
    run = train(patches, recipe, tmp_path / "run")
    losses = [row.val_loss for row in run.history]
    assert run.stopped == "early"
    assert len(losses) < 40
    assert len(losses) - 1 - int(np.argmin(losses)) == 2
    assert_validated(run, min(losses))


def test_without_best_weights_it_ends_with_the_last(patches: Path, tmp_path: Path) -> None:
    recipe = recipes.override(
        PROBE, ["phases.epochs=5", "phases.learning_rate=5.0", "phases.early_stopping={restore_best=false}"]
    )
    run = train(patches, recipe, tmp_path / "run")
    losses = [row.val_loss for row in run.history]
    assert losses[-1] != min(losses)
    assert_validated(run, losses[-1])


def assert_validated(run: Run, loss: float) -> None:
    """The bundle scores the validation rows with this loss, and says so. Features were rounded in training."""
    model = crackscope.load(run.bundle)
    rows = datasets.read_split(run.split).part("val")
    scores = np.array([model.score(images.read(row.path).pixels).score for row in rows])
    wrongs = np.array([-1 if row.label == "crack" else 1 for row in rows])
    assert np.logaddexp(0, wrongs * scores).mean() == pytest.approx(loss, rel=2e-3)
    assert model.manifest.figures["validation_loss"] == pytest.approx(loss, rel=1e-6)
    assert run.kept.val_loss == loss


def test_time_budget_stops_in_order(patches: Path, tmp_path: Path) -> None:
    run = train(patches, recipes.override(PROBE, ["time_budget_s=1e-6", "phases.epochs=9"]), tmp_path / "run")
    assert run.stopped == "time"
    assert len(run.history) == 1
    crackscope.load(run.bundle)


def exploded(patches: Path, out: Path, *more: str) -> str:
    settings = [
        "head.layers=[64, 64, 64]",
        "phases.optimiser=sgd",
        "phases.learning_rate=10",
        "phases.epochs=50",
        *more,
    ]
    with pytest.raises(TrainingError, match=r"no longer a number in phase 1, epoch \d+, step \d+") as caught:
        train(patches, recipes.override(PROBE, settings), out)
    assert not (out / "bundle").exists()
    return str(caught.value)


def test_numbers_that_explode_stop_the_run_and_keep_the_last_good_state(patches: Path, tmp_path: Path) -> None:
    said = exploded(patches, tmp_path / "run")
    file = tmp_path / "run/checkpoints/last.safetensors"
    assert f"the last good state is kept in {file}" in said
    state = checkpoints.load(file)
    assert f"epoch {state.counters.epoch + 1}, step" in said
    assert len(state.counters.history) == state.counters.epoch > 0
    assert all(bool(tensor.isfinite().all()) for tensor in state.learned.values())


def test_numbers_that_explode_at_once_promise_no_state(patches: Path, tmp_path: Path) -> None:
    said = exploded(patches, tmp_path / "run", "phases.batch=1")
    assert "epoch 1" in said
    assert "kept" not in said
    assert not (tmp_path / "run/checkpoints/last.safetensors").exists()


def test_progress_tells_stages_in_order_and_ends(patches: Path, tmp_path: Path) -> None:
    told = []
    train(patches, recipes.override(PROBE, ["calibrate=true"]), tmp_path / "run", progress=told.append)
    stages = list(dict.fromkeys(progress.stage for progress in told))
    assert stages == ["reading", "features", "training", "fitting", "writing"]
    assert [progress.done for progress in told if progress.stage == "fitting"] == list(range(13))
    last = [progress for progress in told if progress.stage == "training"][-1]
    assert last.epoch == last.epochs
    assert last.seconds_left == pytest.approx(0, abs=1e-6)


def test_progress_tells_of_a_download(patches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = small_file()
    recipe = recipes.override(PROBE, ["network.backbone=mobilenetv2", "network.family=keras"])
    told: list[Progress] = []
    monkeypatch.setenv("CRACKSCOPE_CACHE", str(tmp_path / "cache"))
    with publisher(monkeypatch) as server:
        server.files[KERAS_PATH] = Served(body, goog=body)
        with pytest.raises(WeightsError):  # it is not the file whose hash is known
            train(patches, recipe, tmp_path / "run", weights="publisher", progress=told.append)
    fetched = [progress for progress in told if progress.stage == "weights"]
    assert fetched[-1].done == fetched[-1].total == len(body) >> 10
    opened = [progress.done for progress in told if progress.stage == "reading"]
    assert opened == sorted(opened)
    assert opened[-1] > 0


def test_of_a_great_many_surfaces_the_largest_are_named(patches: Path, tmp_path: Path) -> None:
    """A folder for each photo is a surface for each; a manifest would grow beyond what is read."""
    import msgspec

    split = datasets.split(patches)
    rows = [row for row in split.rows if row.part == "train"]
    many = [msgspec.structs.replace(rows[0], surface=f"photo {number}") for number in range(writing.MOST_SETS + 50)]
    twice = [msgspec.structs.replace(row, surface="wall") for row in rows[:2]]
    whole = msgspec.structs.replace(split, rows=(*many, *twice))
    sets = writing.trained_on(whole, {"photo 7": "CC0", "": "own"})
    assert len(sets) == writing.MOST_SETS + 1
    told = {one.name: (one.pictures, one.licence) for one in sets}
    assert (told["wall"], told["photo 7"], told["unnamed"]) == ((2, "own"), (1, "CC0"), (51, "own"))
