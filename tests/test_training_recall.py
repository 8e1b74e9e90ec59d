"""A network that learns on from a bundle is held to what the bundle said."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import crackscope
from crackscope import recipes
from crackscope.bundles import default_bundle, open_bundle
from crackscope.networks import Output
from crackscope.recipes import Recipe
from crackscope.training import Progress, Run, TrainOptions, train
from crackscope.training.recalling import from_both_sides, recall_loss
from tests.small_patches import patch, write_patches

SETTINGS = [
    "network.weights=default",
    "head.weights=bundle",
    "phases.epochs=2",
    "phases.steps=4",
    "phases.batch=8",
    "phases.learning_rate=1e-2",
    "augmentation.crop=64",
    "mixture.generated=0",
    "mixture.drawn=0",
]
UNFITTED = ["calibrate=false", "verdict='threshold'", "miss_rate=0"]
"""Without the rules, which are fitted on a hundred generated pictures."""


def recalling(much: float) -> Recipe:
    return recipes.override(recipes.load("default"), [*SETTINGS, *UNFITTED, f"mixture.recall={much}"])


@pytest.fixture(scope="module")
def turned_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patches whose labels are wrong, all of them: what is learnt from them is that cracks are sound."""
    folder = write_patches(tmp_path_factory.mktemp("recall") / "data", count=20)
    (folder / "crack").rename(folder / "other")
    (folder / "sound").rename(folder / "crack")
    (folder / "other").rename(folder / "sound")
    return folder


class Runs(NamedTuple):
    """The same training, without and with what the bundle said."""

    freely: Run
    held: Run


@pytest.fixture(scope="module")
def runs(turned_over: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("runs")
    return Runs(*(train(turned_over, recalling(much), folder / str(much)) for much in (0, 20)))


def scores(bundle: str | None) -> np.ndarray:
    model = crackscope.load(bundle)
    return np.array([model.score(patch(700 + n, cracked=n % 2 == 0)[0]).score for n in range(12)])


def test_what_the_bundle_said_is_kept_against_labels_that_say_otherwise(runs: Runs) -> None:
    before, freely, held = (scores(bundle) for bundle in (None, runs.freely.bundle, runs.held.bundle))
    assert np.abs(held - before).mean() < 0.5 * np.abs(freely - before).mean()


def test_an_interrupted_training_recalls_the_bundle_it_began_with(
    turned_over: Path, runs: Runs, tmp_path: Path
) -> None:
    """Not the network as the interrupt found it."""

    def interrupt(progress: Progress) -> None:
        if progress.stage == "training" and progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(turned_over, recalling(20), tmp_path / "run", progress=interrupt)
    run = train(turned_over, recalling(20), tmp_path / "run", options=TrainOptions(resume=True))
    digests = [
        {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in Path(bundle).iterdir()}
        for bundle in (run.bundle, runs.held.bundle)
    ]
    assert digests[0] == digests[1]


class Darkness(nn.Module):
    """Says of each pixel how dark it is, from whichever side it is seen; and of one corner, which is not."""

    def __init__(self, lopsided: float = 0.0) -> None:
        super().__init__()
        self.lopsided = lopsided

    def forward(self, pictures: torch.Tensor) -> Output:
        logits = 1 - pictures.float().mean(3, keepdim=True).permute(0, 3, 1, 2) / 128
        logits[:, :, 0, 0] += self.lopsided
        score = logits.flatten(1).amax(1)
        return Output(score, logits, torch.zeros(len(pictures), 2), score)


def test_the_map_of_the_mirror_image_is_mirrored_back() -> None:
    pictures = torch.randint(256, (3, 16, 24, 3), dtype=torch.uint8, generator=torch.manual_seed(1))
    as_they_are, said = Darkness()(pictures), from_both_sides(Darkness(), pictures)
    assert torch.allclose(said.map, as_they_are.map)
    assert torch.allclose(said.score, as_they_are.score)


def test_both_sides_are_asked() -> None:
    """What belongs to one corner of what is seen lies, by halves, in two corners of the picture."""
    grey = torch.full((1, 8, 8, 3), 128, dtype=torch.uint8)
    logits = from_both_sides(Darkness(4.0), grey).map[0, 0]
    assert logits[0, 0] == logits[0, -1] == 2
    assert logits.sum() == 4


def test_nothing_is_asked_of_a_network_that_says_the_same() -> None:
    logits = torch.randn(4, 1, 8, 8, generator=torch.manual_seed(2), requires_grad=True)
    score = logits.flatten(1).amax(1)
    said = Output(score, logits, torch.zeros(4, 2), score)
    asked = torch.tensor([1, 3])
    same = Output(score[asked].detach(), logits[asked].detach(), torch.zeros(2, 2), score[asked].detach())
    (pushed,) = torch.autograd.grad(recall_loss(said, asked, same), logits, retain_graph=True)
    assert pushed.abs().max() < 1e-7
    other = same._replace(map=same.map + 1)
    (pushed,) = torch.autograd.grad(recall_loss(said, asked, other), logits)
    assert (pushed[asked] < 0).float().mean() > 0.95
    assert (pushed[[0, 2]] == 0).all()


def test_what_the_network_saw_before_it_learnt_cracks_is_handed_on(turned_over: Path, tmp_path: Path) -> None:
    """And the rule for what shows no surface is fitted to it anew, where there is enough to fit it on."""
    recipe = recipes.override(recipes.load("default"), [*SETTINGS, "phases.epochs=1", "mixture.recall=1"])
    begun_with, held = open_bundle(default_bundle()), open_bundle(train(turned_over, recipe, tmp_path / "run").bundle)
    assert held.features is not None
    assert held.features == begun_with.features
    rule = held.manifest.verdict.surface
    assert rule is not None
    assert len(rule.weights) == held.manifest.embedding + held.manifest.features
