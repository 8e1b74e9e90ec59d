"""The loop of a training: which of its epochs counts as the best."""

import math
from collections.abc import Iterator
from pathlib import Path

import torch

from crackscope import networks, recipes
from crackscope.training.batches import Batch
from crackscope.training.checkpoints import Counters, State
from crackscope.training.loop import Loop
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
