"""Batches for a dense network: rows drawn by kind, and cracks drawn where there were none."""

from collections.abc import Iterator, Sequence

import numpy as np

from crackscope import surfaces
from crackscope.recipes import Mixture
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, augment, generator
from crackscope.training.batches import Batch, ahead, plain_batches, stack
from crackscope.training.pictures import Reader

GENERATED_SHARE = 0.3
"""Share of drawn and of sound pictures that show a generated surface rather than a row."""

DISTRACTED_SHARE = 0.35
"""Share of sound pictures that get joints, wires, stains or shadows drawn into them, which stay sound."""

SMALLEST_CRACK_PX = 12
"""A cut of a generated surface that shows fewer crack pixels than this counts as having none."""

_SOUND = Row(path="", label="sound")
_CRACK = Row(path="", label="crack")


class FromMixture:
    """Fills every batch with the shares of a `Mixture`; surfaces are drawn evenly, then rows within them."""

    def __init__(
        self, rows: Sequence[Row], val_rows: Sequence[Row], reader: Reader, mixture: Mixture, batch: tuple[int, int]
    ) -> None:
        self._reader = reader
        self._val_rows = val_rows
        self._size, self.steps = batch
        self._pools = {
            "cracked": _by_surface([row for row in rows if row.label == "crack" and row.mask is None]),
            "masked": _by_surface([row for row in rows if row.label == "crack" and row.mask is not None]),
            "sound": _by_surface([row for row in rows if row.label == "sound"]),
        }
        self._kinds = self._filling(mixture)
        self._val_reader = Reader(None, reader.augmentation, reader.seed)

    def _filling(self, mixture: Mixture) -> list[str]:
        """The kind of every place in a batch; kinds without rows leave their places to the others."""
        shares = {kind: getattr(mixture, kind) for kind in ("cracked", "masked", "drawn", "sound")}
        for kind, pool in self._pools.items():
            if not pool:
                shares[kind] = 0
        ends = np.round(np.cumsum(list(shares.values())) / sum(shares.values()) * self._size).astype(int)
        counts = np.diff([0, *ends])
        return [kind for kind, count in zip(shares, counts, strict=True) for _ in range(count)]

    def epoch(self, number: int) -> Iterator[Batch]:
        """See `batches.Source`."""

        def make(step: int) -> Batch:
            made = [self._sample(kind, number, step, place) for place, kind in enumerate(self._kinds)]
            return stack([picture for picture, _ in made], [row for _, row in made])

        return ahead(make, self.steps, 2)

    def validation(self) -> Iterator[Batch]:
        """See `batches.Source`."""
        return plain_batches(self._val_rows, self._val_reader, self._size, 2)

    def _sample(self, kind: str, *key: int) -> tuple[tuple[Pixels, Mask | None], Row]:
        rng = generator(self._reader.seed, 3, *key)
        if kind in ("cracked", "masked"):
            row = _pick(self._pools[kind], rng)
            return self._reader.view(row, 4, *key), row
        generated = not self._pools["sound"] or rng.random() < GENERATED_SHARE
        if generated:
            return self._generated(kind == "drawn", rng)
        row = _pick(self._pools["sound"], rng)
        pixels, _ = self._reader.view(row, 4, *key)
        if rng.random() < DISTRACTED_SHARE:
            pixels = surfaces.draw_distractors(pixels, rng)
        if kind == "drawn":
            return surfaces.draw_crack(pixels, rng), _CRACK
        return (pixels, None), _SOUND

    def _generated(self, cracked: bool, rng: np.random.Generator) -> tuple[tuple[Pixels, Mask | None], Row]:
        """A generated surface of up to twice the cut, then seen as any other picture is."""
        how = self._reader.augmentation
        side = int(how.crop * rng.uniform(1.0, 1.5))
        made = surfaces.generate(int(rng.integers(2**31)), (side, side), cracked)
        pixels, mask = augment(made.pixels, made.mask if cracked else None, rng, how)
        if cracked and mask is not None and mask.sum() >= SMALLEST_CRACK_PX:
            return (pixels, mask), _CRACK
        return (pixels, None if mask is None else np.zeros_like(mask)), _SOUND


def _by_surface(rows: Sequence[Row]) -> list[list[Row]]:
    pools: dict[str, list[Row]] = {}
    for row in rows:
        pools.setdefault(row.surface, []).append(row)
    return [pools[name] for name in sorted(pools)]


def _pick(pools: Sequence[Sequence[Row]], rng: np.random.Generator) -> Row:
    """A row of a surface drawn with a probability that grows with the root of the surface's rows."""
    shares = np.sqrt([len(pool) for pool in pools])
    pool = pools[int(rng.choice(len(pools), p=shares / shares.sum()))]
    return pool[int(rng.integers(len(pool)))]
