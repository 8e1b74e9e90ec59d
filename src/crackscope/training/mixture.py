"""Batches for a dense network: rows drawn by kind, and cracks drawn where there were none."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from crackscope import surfaces
from crackscope.recipes import Mixture
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, augment, generator
from crackscope.training.batches import Batch, Hands, plain_batches, prepared, stack
from crackscope.training.pictures import Reader

SMALLEST_CRACK_PX = 12
"""A cut of a generated surface that shows fewer crack pixels than this counts as having none."""

_SOUND = Row(path="", label="sound")
_CRACK = Row(path="", label="crack")


class _Sample(NamedTuple):
    """A picture with its mask, and the row it is of. unspoilt: as in `View`; None where something was drawn on it."""

    picture: tuple[Pixels, Mask | None]
    row: Row
    unspoilt: Pixels | None = None


class FromMixture:
    """Fills every batch with the shares of a `Mixture`: a surface is drawn as its `evenness` says, then a row of it."""

    def __init__(
        self,
        rows: Sequence[Row],
        val_rows: Sequence[Row],
        reader: Reader,
        mixture: Mixture,
        batch: tuple[int, int],
        hands: Hands,
    ) -> None:
        self._reader, self._hands = reader, hands
        self._val_rows = val_rows
        self._size, self.steps = batch
        self._mixture = mixture
        sound = [row for row in rows if row.label == "sound"]
        self._pools = {
            "cracked": _by_surface([row for row in rows if row.label == "crack" and row.mask is None]),
            "masked": _by_surface([row for row in rows if row.label == "crack" and row.mask is not None]),
            "sound": _by_surface(sound),
            "drawn": _by_surface([row for row in sound if row.surface not in mixture.bare]),
        }
        self._kinds = self._filling(mixture)
        shares = np.array([getattr(mixture.kinds, kind) for kind in surfaces.KINDS])
        self._surface_shares = shares / shares.sum()
        self._val_reader = Reader(None, reader.augmentation, reader.seed)

    def _filling(self, mixture: Mixture) -> list[str]:
        """The kind of every place in a batch; kinds without rows leave their places to the others."""
        shares = {kind: getattr(mixture, kind) for kind in ("cracked", "masked", "drawn", "sound")}
        for kind in ("cracked", "masked", "sound"):
            if not self._pools[kind]:
                shares[kind] = 0
        ends = np.round(np.cumsum(list(shares.values())) / sum(shares.values()) * self._size).astype(int)
        counts = np.diff([0, *ends])
        return [kind for kind, count in zip(shares, counts, strict=True) for _ in range(count)]

    def epoch(self, number: int) -> Iterator[Batch]:
        """See `batches.Source`."""

        def make(step: int) -> Batch:
            made = [self._sample(kind, number, step, place) for place, kind in enumerate(self._kinds)]
            batch = stack([sample.picture for sample in made], [sample.row for sample in made])
            return batch._replace(trust=torch.tensor([self._trust(sample.row) for sample in made]), **self._asked(made))

        return prepared(make, self.steps, self._hands)

    def validation(self) -> Iterator[Batch]:
        """See `batches.Source`."""
        return plain_batches(self._val_rows, self._val_reader, self._size, self._hands.threads)

    def _asked(self, made: Sequence[_Sample]) -> dict[str, torch.Tensor]:
        """Of which pictures the network that training began with is asked, where it is."""
        asked = [number for number, sample in enumerate(made) if sample.unspoilt is not None]
        if not self._mixture.recall or not asked:
            return {}
        unspoilt = np.stack([sample.unspoilt for sample in made if sample.unspoilt is not None])
        return {"asked": torch.tensor(asked), "unspoilt": torch.from_numpy(unspoilt)}

    def _sample(self, kind: str, *key: int) -> _Sample:
        rng = generator(self._reader.seed, 3, *key)
        if kind in ("cracked", "masked"):
            row = _pick(self._pools[kind], self._mixture.evenness, rng)
            view = self._reader.view(row, 4, *key)
            return _Sample((view.pixels, view.mask), row, view.unspoilt)
        pool = self._pools[kind]
        if not pool or rng.random() < self._mixture.generated:
            return self._generated(kind == "drawn", rng)
        row = _pick(pool, self._mixture.evenness, rng)
        pixels, _, unspoilt = self._reader.view(row, 4, *key)
        distracted = rng.random() < self._mixture.distracted
        if distracted:
            pixels = surfaces.draw_distractors(pixels, rng)
        if kind == "drawn":
            return _Sample(surfaces.draw_crack(pixels, rng), _CRACK)
        return _Sample((pixels, None), row, None if distracted else unspoilt)

    def _generated(self, cracked: bool, rng: np.random.Generator) -> _Sample:
        """A generated surface as large as the cut to half as large again, then seen as any other picture is."""
        how = self._reader.augmentation
        side = int(how.crop * rng.uniform(1.0, 1.5))
        kind = str(rng.choice(surfaces.KINDS, p=self._surface_shares))
        made = surfaces.generate(int(rng.integers(2**31)), (side, side), cracked, kind)
        pixels, mask, _ = augment(made.pixels, made.mask if cracked else None, rng, how)
        if cracked and mask is not None and mask.sum() >= SMALLEST_CRACK_PX:
            return _Sample((pixels, mask), _CRACK)
        return _Sample((pixels, None if mask is None else np.zeros_like(mask)), _SOUND)

    def _trust(self, row: Row) -> float:
        return 1.0 - self._mixture.doubt if row.surface in self._mixture.doubted else 1.0


def _by_surface(rows: Sequence[Row]) -> list[list[Row]]:
    pools: dict[str, list[Row]] = {}
    for row in rows:
        pools.setdefault(row.surface, []).append(row)
    return [pools[name] for name in sorted(pools)]


def _pick(pools: Sequence[Sequence[Row]], evenness: float, rng: np.random.Generator) -> Row:
    """A row of a surface drawn as `Mixture.evenness` says."""
    shares = np.array([len(pool) for pool in pools]) ** (1 - evenness)
    pool = pools[int(rng.choice(len(pools), p=shares / shares.sum()))]
    return pool[int(rng.integers(len(pool)))]
