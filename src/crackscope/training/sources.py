"""Where each phase gets its batches, and what runs once for it."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from crackscope import networks, scoring
from crackscope.networks import CrackNetwork
from crackscope.recipes import Recipe
from crackscope.records import Row
from crackscope.training.augmentation import Pixels, generator
from crackscope.training.batches import FromFeatures, FromPictures, Hands, Source, labels_of
from crackscope.training.features import Features, Maker, Recomputed, Runner, keep, memory_budget
from crackscope.training.mixture import FromMixture
from crackscope.training.pictures import Reader, Size
from crackscope.training.records import Listener, Progress, TrainOptions

CALIBRATED_ON = 1024
"""Training rows that the statistics of folded norms are measured on, at most."""


class Sources:
    """Makes the source of every phase; keeps the frozen part's output while the frozen part stays the same."""

    def __init__(self, recipe: Recipe, options: TrainOptions, folder: Path, threads: int, tell: Listener) -> None:
        self.recipe, self.options, self.folder, self.threads, self.tell = recipe, options, folder, threads, tell
        self.size = Size(0, 0)
        self._kept: tuple[object, Features, Features] | None = None
        self._tail: nn.Module | None = None
        self._source: Source | None = None

    def set_rows(self, train: Sequence[Row], val: Sequence[Row], size: Size, device: torch.device) -> None:
        """Say which rows there are, the size that they are brought to, and where the network is."""
        self.train, self.val, self.size, self.device = train, val, size, device
        dense = self.recipe.head.kind == "dense"
        self.reader = Reader(None if dense else self.size, self.recipe.augmentation, self.recipe.seed)

    def phase(self, network: CrackNetwork, number: int) -> tuple[nn.Module, Source]:
        """The part of the frozen-marked network that learns, and the batches it learns from."""
        phase = self.recipe.phases[number]
        if phase.steps:
            size = (phase.batch, phase.steps)
            self._tail = network
            self._source = FromMixture(self.train, self.val, self.reader, self.recipe.mixture, size, self._hands())
        else:
            self._tail, self._source = self._passing(network, phase.batch)
        return self._tail, self._source

    def _passing(self, network: CrackNetwork, batch: int) -> tuple[nn.Module, Source]:
        seed = self.recipe.seed
        # A map is taught by masks, which features that are kept do not have.
        whole = networks.Split(None, network)
        prefix, tail = whole if self.recipe.head.kind == "dense" else network.split_at_frozen()
        if prefix is None:
            return tail, FromPictures(self.train, self.val, self.reader, batch, seed, self._hands())
        views = self._views()
        train, val = self._features(network, prefix, views)
        return tail, FromFeatures((train, self.train), (val, self.val), views, batch, seed)

    def _hands(self) -> Hands:
        return Hands(self.threads, beside=self.device.type != "cpu")

    def _views(self) -> int:
        """Views that a picture gets: as the recipe says, one where nothing is random, as many as epochs for 0."""
        epochs = sum(phase.epochs for phase in self.recipe.phases)
        still = type(self.recipe.augmentation)(views=self.recipe.augmentation.views)
        return 1 if self.recipe.augmentation == still else self.recipe.augmentation.views or epochs

    def _features(self, network: CrackNetwork, prefix: nn.Module, views: int) -> tuple[Features, Features]:
        key = (network.frozen_layers, [name for name, _ in prefix.named_modules()])
        if self._kept and self._kept[0] == key:
            return self._kept[1], self._kept[2]
        self._kept = None
        runner = self._runner(prefix, networks.Freedom(sides=not network.side))
        budget = memory_budget(self.options.cache_mib)
        augmented = self.recipe.augmentation != type(self.recipe.augmentation)()
        total = len(self.train) * views + len(self.val)
        val_maker = Maker(self.val, self.reader, runner, self.threads, augmented=False)
        train_maker = Maker(self.train, self.reader, runner, self.threads, augmented)
        begun = time.monotonic()

        def tick(before: int) -> Callable[[int, int], None]:
            def told(done: int, _: int) -> None:
                passed = before + done
                left = (time.monotonic() - begun) / passed * (total - passed)
                self.tell(Progress(stage="features", done=passed, total=total, seconds_left=left))

            return told

        val = keep(val_maker, 1, budget, self._spill("val"), tick(0)) if self.val else Recomputed(val_maker)
        train = keep(train_maker, views, budget, self._spill("train"), tick(len(self.val)))
        self._kept = (key, train, val)
        return train, val

    def _spill(self, part: str) -> Path:
        return self.folder / f"features-{part}.f16"

    def _runner(self, prefix: nn.Module, free: networks.Freedom) -> Runner:
        """Takes one picture uint8 [h, w, 3] through the frozen part; on the processor in the runtime of bundles."""
        if self.device.type == "cpu":
            graph = networks.export_prefix(prefix, (self.size.height, self.size.width), free)
            return scoring.Runner(graph).run
        return _on_device(prefix.eval(), self.device)

    def calibrate(self, network: CrackNetwork) -> None:
        """Give norms that came folded and are about to learn the statistics of their input, unless they have them."""
        if self._tail is not None and any(name not in network.frozen_layers for name in network.folded_norms()):
            network.calibrate_norms(self._some(), self._tail)

    def _some(self) -> Iterator[Tensor]:
        """Inputs of the learning part for a sample of the training rows, in small batches."""
        picked = generator(self.recipe.seed, 5).permutation(len(self.train))[:CALIBRATED_ON]
        for start in range(0, len(picked), 32):
            rows = picked[start : start + 32]
            if isinstance(self._source, FromFeatures):
                yield self._source.inputs(rows).to(self.device)
            else:
                pictures = [self.reader.view(self.train[i], int(i), 0)[0] for i in rows]
                yield torch.from_numpy(np.stack(pictures)).to(self.device)

    def class_weights(self) -> Tensor:
        """float32 [2], of sound and crack, as the recipe says."""
        asked = self.recipe.class_weights
        if isinstance(asked, dict):
            return torch.tensor([asked["sound"], asked["crack"]])
        if asked == "none":
            return torch.ones(2)
        share = float(labels_of(self.train).mean())
        return torch.tensor([0.5 / (1 - share), 0.5 / share])

    def close(self) -> None:
        """Drop what was kept; files of kept features are removed."""
        self._kept, self._source, self._tail = None, None, None
        for part in ("train", "val"):
            with contextlib.suppress(OSError):
                self._spill(part).unlink(missing_ok=True)


def _on_device(prefix: nn.Module, device: torch.device) -> Runner:
    @torch.no_grad()
    def run(pixels: Pixels) -> np.ndarray:
        features: Tensor = prefix(torch.from_numpy(np.ascontiguousarray(pixels))[None].to(device))
        return features[0].float().cpu().numpy()

    return run
