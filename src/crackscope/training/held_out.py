"""Pictures that a bundle's rules are fitted on.

Three sorts are scored by the graph as it ships: the validation rows, which no weight was fitted to; generated surfaces
with things that resemble cracks, which stand for what no row shows; and pictures of no surface. Of rows that were
learnt from, only what kind of surface they show is used, never how they scored. Generated surfaces of a kind that was
not learnt from say what a surface is, and nothing of scores: no rule holds on a surface that a network never met. Nor
do those whose own lines hide cracks say anything of scores; where they were learnt from, their masks count.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from crackscope import images, surfaces
from crackscope.recipes import Augmentation, Recipe
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, generator
from crackscope.training.pictures import Reader
from crackscope.training.records import Listener

GENERATED = 300
"""Generated pictures of each sort (sound, cracked, no surface), at most; fewer where there are few validation rows."""

MORE_SOUND = 900
"""Generated sound windows more, at most: a photo has hundreds of windows, so what one of them may show by chance has to
be known to less than a thousandth."""

SIDE_PX = 256

_LINED = ("stone", "painted", "pipe")
"""Kinds that hide cracks: a threshold low enough to find nearly all of theirs doubles the false alarms elsewhere."""

_REACHES = (1.0, *2 * (0.7,), *3 * (0.45,), *3 * (0.3,), *3 * (0.2,))
"""How far pieces of a picture of no surface reach, of its shorter side: a tile of a photo shows little of it."""

_SMALLEST_CUT_PX = 32
_FIRST_SEED = 1_000_000
_FIRST_SOUND_SEED = 2_000_000
_FIRST_UNSCORED_SEED = 3_000_000


class Given(NamedTuple):
    """What is fitted on. stride: px between positions of the map. val: rows that no weight was fitted to. train: rows
    it was, for what surfaces look like, and for those that show none. tell: hears how many pictures are scored.
    """

    stride: int
    val: Sequence[Row]
    train: Sequence[Row]
    threads: int
    tell: Listener = lambda _: None


class Picture(NamedTuple):
    """A picture with what is known of it. surface: its name, "" for none. source: equal for pieces of one picture, -1
    for a picture of its own. row: it is a validation row. unscored: what it scores says nothing.
    """

    pixels: Pixels
    cracked: bool
    mask: Mask | None
    surface: str
    source: int = -1
    row: bool = False
    unscored: bool = False


Maker = Callable[[], Sequence[Picture]]
"""Makes a picture, or all pieces of one, in whichever thread is free."""


def plain(rows: Sequence[Row]) -> list[Maker]:
    """Rows as they are, at their own size."""
    reader = Reader(None, Augmentation(), 0)

    def read(row: Row) -> list[Picture]:
        pixels, mask = reader.plain(row)
        return [Picture(pixels, row.label == "crack", mask, row.surface or "unnamed", row=True)]

    return [partial(read, row) for row in rows]


def every(recipe: Recipe, given: Given) -> list[Maker]:
    """The three sorts: validation rows, generated surfaces, pictures of no surface."""
    bare = recipe.mixture.bare
    makers = plain([row for row in given.val if row.surface not in bare])
    kinds, learnt = scored_kinds(recipe), learnt_kinds(recipe)
    for seed in range(_FIRST_SEED, _FIRST_SEED + _generated(given)):
        makers.append(partial(_sound, seed, kinds))
        makers.append(partial(_cracked, seed + _generated(given), kinds[seed % len(kinds)]))
        makers.append(partial(_other, seed))
    for number, row in enumerate(row for row in (*given.val, *given.train) if row.surface in bare):
        makers.append(partial(_cuts, row.path, number))
    others = [kind for kind in surfaces.KINDS if kind not in kinds]
    for seed in range(_FIRST_UNSCORED_SEED, _FIRST_UNSCORED_SEED + len(others) * _generated(given) // len(kinds)):
        kind = others[seed % len(others)]
        makers.append(partial(_unscored, partial(_sound, seed, others), kind in learnt))
        makers.append(partial(_unscored, partial(_cracked, seed, kind), kind in learnt))
    return makers


def learnt_kinds(recipe: Recipe) -> list[str]:
    """Kinds of generated surface that a recipe shows in training."""
    return [kind for kind in surfaces.KINDS if getattr(recipe.mixture.kinds, kind) > 0]


def scored_kinds(recipe: Recipe) -> list[str]:
    """Those of its learnt kinds that say something of scores; all of them where each hides cracks."""
    learnt = learnt_kinds(recipe)
    return [kind for kind in learnt if kind not in _LINED] or learnt


def more_sound(recipe: Recipe, given: Given) -> list[Maker]:
    """Generated sound pictures beyond those of `every`, for the windows of photos alone."""
    seeds = range(_FIRST_SOUND_SEED, _FIRST_SOUND_SEED + min(MORE_SOUND, 2 * len(given.val)))
    return [partial(_sound, seed, scored_kinds(recipe)) for seed in seeds]


def _generated(given: Given) -> int:
    return min(GENERATED, 2 * len(given.val))


def _cracked(seed: int, kind: str) -> list[Picture]:
    made = surfaces.generate(seed, (SIDE_PX, SIDE_PX), True, kind)
    return [Picture(made.pixels, True, made.mask, f"generated {kind}")]


def _sound(seed: int, kinds: Sequence[str]) -> list[Picture]:
    kind = kinds[seed % len(kinds)]
    made = surfaces.make(surfaces.SurfaceSpec(seed=seed, kind=kind, size=(SIDE_PX, SIDE_PX), distractors=0.7))
    return [Picture(made.pixels, False, made.mask, f"generated {kind}")]


def _other(seed: int) -> list[Picture]:
    return [Picture(surfaces.generate_other(seed, (SIDE_PX, SIDE_PX)), False, None, "")]


def _unscored(make: Maker, masks: bool) -> list[Picture]:
    return [picture._replace(mask=picture.mask if masks else None, unscored=True) for picture in make()]


def _cuts(path: str, number: int) -> list[Picture]:
    """A picture of no surface: the whole of it, and pieces of it."""
    pixels, rng, pieces = images.read(path).pixels, generator(number, 17), []
    height, width = pixels.shape[:2]
    for reach in _REACHES:
        side = min(max(_SMALLEST_CUT_PX, round(min(height, width) * reach)), height, width)
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        piece = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        pieces.append(Picture(images.resize(piece, SIDE_PX, SIDE_PX), False, None, "", number))
    return pieces
