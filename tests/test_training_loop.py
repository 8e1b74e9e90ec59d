"""The loop of a training: which of its epochs counts as the best."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from crackscope import networks, recipes
from crackscope.training.batches import Batch
from crackscope.training.checkpoints import Counters, State
from crackscope.training.loop import Loop, make_optimiser
from crackscope.training.records import Epoch

RECIPE = recipes.override(recipes.load("probe"), ["network.weights=none", "phases.epochs=2"])


class OnePair:
    """A cracked and a sound picture; what they score in validation is no number from the second time on."""

    steps = 1

    def __init__(self) -> None:
        self._labels = torch.tensor([0.0, 1.0])
        self._pictures = torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8, generator=torch.manual_seed(1))
        self._validated = 0

    def epoch(self, number: int) -> Iterator[Batch]:
        """See `Source`."""
        for _ in range(self.steps):
            yield Batch(self._pictures, self._labels)

    def validation(self) -> Iterator[Batch]:
        """See `Source`."""
        self._validated += 1
        yield Batch(self._pictures, self._labels if self._validated == 1 else self._labels * math.nan)


class Watcher:
    """Keeps the head's weights of each epoch."""

    def __init__(self, network: networks.CrackNetwork) -> None:
        self.heads: list[torch.Tensor] = []
        self._network = network

    def head(self) -> torch.Tensor:
        return torch.cat([one.detach().flatten().clone() for one in self._network.head.parameters()])

    def epoch(self, history: list[Epoch]) -> None:
        """See `Logger`."""
        self.heads.append(self.head())


def test_an_epoch_whose_validation_loss_is_no_number_is_not_the_best(tmp_path: Path) -> None:
    network = networks.build(RECIPE.network, RECIPE.head)
    network.freeze(RECIPE.phases[0].freeze)
    state = State(counters=Counters(), learned={})
    loop = Loop(network, network, RECIPE, state, tmp_path / "last.safetensors")
    watcher = loop.logger = Watcher(network)
    loop.run(OnePair())
    assert [row.val_loss is None for row in state.counters.history] == [False, True]
    first, second = watcher.heads
    assert not torch.equal(first, second)
    assert torch.equal(watcher.head(), first)


def trained(folder: Path, steps: int, *settings: str) -> tuple[torch.Tensor, torch.Tensor, State]:
    """The head's weights before and after a training, and its state."""
    torch.manual_seed(0)
    recipe = recipes.override(RECIPE, settings)
    network = networks.build(recipe.network, recipe.head)
    network.freeze(recipe.phases[0].freeze)
    watcher, state, pair = Watcher(network), State(counters=Counters(), learned={}), OnePair()
    before, pair.steps = watcher.head(), steps
    Loop(network, network, recipe, state, folder / "last.safetensors").run(pair)
    return before, watcher.head(), state


@pytest.mark.parametrize(("patience", "epochs"), [(0, 6), (1, 2), (3, 4)])
def test_a_training_stops_once_so_many_epochs_were_no_better(tmp_path: Path, patience: int, epochs: int) -> None:
    state = trained(tmp_path, 1, "phases.epochs=6", f"phases.early_stopping.patience={patience}")[2]
    assert len(state.counters.history) == epochs


def test_a_young_average_follows_what_is_learnt(tmp_path: Path) -> None:
    last = "phases.early_stopping.restore_best=false"
    start, learnt, _ = trained(tmp_path, 30, "phases.epochs=1", last)
    _, average, _ = trained(tmp_path, 30, "phases.epochs=1", last, "phases.average=0.9999")
    assert 0 < (average - learnt).norm() < 0.5 * (start - learnt).norm()


def test_weights_decay_and_biases_do_not_and_the_backbone_learns_at_its_own_rate() -> None:
    network = networks.build(RECIPE.network, RECIPE.head)
    phase = recipes.override(RECIPE, ["phases.weight_decay=0.1", "phases.backbone_rate=0.5"]).phases[0]
    named = {id(parameter): name for name, parameter in network.named_parameters()}
    seen = set()
    for group in make_optimiser(network, phase).param_groups:
        for parameter in group["params"]:
            own = 0.5 if named[id(parameter)].startswith("steps.") else 1.0
            assert group["weight_decay"] == (0.1 if parameter.ndim > 1 else 0.0)
            assert group["lr"] == group["initial_lr"] == own * phase.learning_rate
            seen.add(id(parameter))
    assert seen == named.keys()
