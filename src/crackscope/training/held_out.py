"""Pictures that a bundle's rules are fitted on, and what its graph says of them.

Three sorts are scored by the graph as it ships: the validation rows, which no weight was fitted to; generated surfaces
with things that resemble cracks, which stand for what no row shows; and pictures of no surface. Of rows that were
learnt from, only what kind of surface they show is used, never how they scored. Generated surfaces of a kind that was
not learnt from say what a surface is, and nothing of scores: no rule holds on a surface that a network never met.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from crackscope import images, scoring, surfaces
from crackscope.bundles import Bundle, InputSpec, Manifest
from crackscope.recipes import Augmentation, Recipe
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, generator
from crackscope.training.pictures import Reader
from crackscope.training.records import Listener, Progress

GENERATED = 300
"""Generated pictures of each sort (sound, cracked, no surface), at most; fewer where there are few validation rows."""

MORE_SOUND = 900
"""Generated sound windows more, at most: a photo has hundreds of windows, so what one of them may show by chance has to
be known to less than a thousandth."""

SIDE_PX = 256
MOST_SHOWN = 150
"""Training rows of each surface whose embeddings are looked at."""

_LIGHT = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""

_SMALLEST_CUT_PX = 32
_FIRST_SEED = 1_000_000
_FIRST_SOUND_SEED = 2_000_000
_FIRST_UNLEARNT_SEED = 3_000_000


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
    for a picture of its own. row: it is a validation row. unlearnt: of a kind that was not learnt from.
    """

    pixels: Pixels
    cracked: bool
    mask: Mask | None
    surface: str
    source: int = -1
    row: bool = False
    unlearnt: bool = False


Maker = Callable[[], Sequence[Picture]]
"""Makes a picture, or all pieces of one, in whichever thread is free."""

Answer = TypeVar("Answer")


class Scored(NamedTuple):
    """Scores [n], window scores as photos get them [n], embeddings [n, d] as of patches and as of photos, labels bool
    [n], surfaces and sources of pictures, which are validation rows, which show a surface that was learnt from, and the
    maps of those with a mask. colourless: embeddings [2 * n, d] of the pictures without colour, as of patches and then
    as of photos; empty where photos are not asked about.
    """

    score: NDArray[np.float64]
    window: NDArray[np.float64]
    embedding: NDArray[np.float32]
    as_photo: NDArray[np.float32]
    cracked: NDArray[np.bool_]
    surface: NDArray[np.str_]
    source: NDArray[np.int64]
    row: NDArray[np.bool_]
    learnt: NDArray[np.bool_]
    maps: list[tuple[NDArray[np.float32], Mask]]
    colourless: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def both_ways(self, chosen: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float32]:
        """Embeddings of k of them as of patches, then as of photos, float32 [2 * k, d]."""
        return np.concatenate([self.embedding[chosen], self.as_photo[chosen]])


class Look(NamedTuple):
    """What is said of a picture as of a patch, and as of a photo: its embedding [d] and the score of its window.

    A patch ends in the zeros that layers pad with, a photo is continued by reflection; so the two differ.
    """

    patch: scoring.Raw
    as_photo: NDArray[np.float32]
    window: float


class Judge:
    """The network as patches and photos meet it. photos: ask it as a photo meets it, too."""

    def __init__(self, model: bytes, spec: InputSpec, recipe: Recipe, given: "Given", photos: bool) -> None:
        self._spec, self._stride, self.photos = spec, given.stride, photos
        self._share = top_share(recipe)
        manifest = Manifest(
            name=recipe.name,
            created_with="",
            input=spec,
            stride=given.stride,
            halo=0,
            embedding=1,
            scales=recipe.head.scales,
        )
        self._model = scoring.load(Bundle(Path(), manifest, model), threads=given.threads, check=False)

    def patch(self, pixels: Pixels) -> scoring.Raw:
        """What is said of a patch, uint8 [h, w, 3], and its map without what only fills up the size."""
        height, width = pixels.shape[:2]
        raw = self._model.graph.run(scoring.take(pixels, scoring.Tile(0, 0, width, height), self._spec))
        return raw._replace(map=raw.map[: -(-height // self._stride), : -(-width // self._stride)])

    def look(self, pixels: Pixels) -> Look:
        """What is said of a picture, uint8 [h, w, 3]."""
        raw = self.patch(pixels)
        return Look(raw, *self.photo(pixels)) if self.photos else Look(raw, raw.embedding[:0], math.nan)

    def photo(self, pixels: Pixels) -> tuple[NDArray[np.float32], float]:
        """What is said of a picture, uint8 [h, w, 3], as of a photo: embedding [d], and the score of its window."""
        heat = self._model.heatmap(pixels)
        return heat.embedding, scoring.top_mean(heat.logits, self._share)


def top_share(recipe: Recipe) -> float:
    """A pooled head scores the mean of its map, a dense one the mean of the largest share."""
    return recipe.head.top_share if recipe.head.kind == "dense" else 1.0


class Tally:
    """Tells how many of so many pictures are scored."""

    def __init__(self, tell: Listener, total: int) -> None:
        self._tell, self._total, self._done, self._begun = tell, total, 0, time.monotonic()
        tell(Progress(stage="fitting", total=total))

    def one_more(self) -> None:
        """One more is scored."""
        self._done += 1
        left = (time.monotonic() - self._begun) / self._done * (self._total - self._done)
        self._tell(Progress(stage="fitting", done=self._done, total=self._total, seconds_left=left))


def score(judge: Judge, makers: Sequence[Maker], threads: int, tally: Tally) -> Scored:
    """What the network says of pictures, in their order; each is made, scored and dropped: all of them would take a
    quarter of a gigabyte."""

    def looked(make: Maker) -> list[tuple[Picture, Look, Look | None]]:
        return [
            (
                picture._replace(pixels=picture.pixels[:0]),
                judge.look(picture.pixels),
                judge.look(without_colour(picture.pixels)) if judge.photos else None,
            )
            for picture in make()
        ]

    answers = [answer for few in _answers(looked, makers, threads, tally) for answer in few]
    greys = [grey for _, _, grey in answers if grey is not None]
    colourless = [grey.patch.embedding for grey in greys] + [grey.as_photo for grey in greys]
    return Scored(
        np.array([look.patch.score for _, look, _ in answers]),
        np.array([look.window for _, look, _ in answers]),
        np.stack([look.patch.embedding for _, look, _ in answers]),
        np.stack([look.as_photo for _, look, _ in answers]),
        np.array([picture.cracked for picture, _, _ in answers]),
        np.array([picture.surface for picture, _, _ in answers]),
        np.array([-place - 1 if p.source < 0 else p.source for place, (p, _, _) in enumerate(answers)]),
        np.array([picture.row for picture, _, _ in answers]),
        np.array([bool(picture.surface) and not picture.unlearnt for picture, _, _ in answers]),
        [(look.patch.map, picture.mask) for picture, look, _ in answers if picture.mask is not None],
        np.array(colourless, np.float32),
    )


def windows(
    judge: Judge, makers: Sequence[Maker], threads: int, tally: Tally
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Window scores [n] of pictures as photos get them, and their surfaces."""

    def seen(make: Maker) -> list[tuple[float, str]]:
        return [(judge.photo(picture.pixels)[1], picture.surface) for picture in make()]

    answers = [answer for few in _answers(seen, makers, threads, tally) for answer in few]
    return np.array([score for score, _ in answers]), np.array([surface for _, surface in answers])


def _answers(work: Callable[[Maker], Answer], makers: Sequence[Maker], threads: int, tally: Tally) -> Iterator[Answer]:
    """What the work gives of each, in order, done side by side; an interrupt drops what is not begun."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            for answer in pool.map(work, makers):
                tally.one_more()
                yield answer
        finally:
            pool.shutdown(cancel_futures=True)


def shown(judge: Judge, rows: Sequence[Row], threads: int) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Embeddings, float32 [2 * n, d], and surfaces [2 * n] of at most `MOST_SHOWN` rows of each surface, evenly spread:
    of each row as of a patch, then of each as of a photo.
    """
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.surface or "unnamed", []).append(place)
    even = [np.linspace(0, len(few) - 1, min(len(few), MOST_SHOWN)).round().astype(int) for few in places.values()]
    chosen = [rows[few[at]] for few, ats in zip(places.values(), even, strict=True) for at in ats]
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda row: judge.look(images.read(row.path).pixels), chosen))
    names = [row.surface or "unnamed" for row in chosen]
    seen = [look.patch.embedding for look in found] + [look.as_photo for look in found]
    return np.array(seen, np.float32), np.array(names * 2)


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
    kinds = learnt_kinds(recipe)
    for seed in range(_FIRST_SEED, _FIRST_SEED + _generated(given)):
        makers.append(partial(_sound, seed, kinds))
        makers.append(partial(_cracked, seed + _generated(given), kinds[seed % len(kinds)]))
        makers.append(partial(_other, seed))
    for number, row in enumerate(row for row in (*given.val, *given.train) if row.surface in bare):
        makers.append(partial(_cuts, row.path, number))
    others = [kind for kind in surfaces.KINDS if kind not in kinds]
    for seed in range(_FIRST_UNLEARNT_SEED, _FIRST_UNLEARNT_SEED + len(others) * _generated(given) // len(kinds)):
        makers.append(partial(_unlearnt, partial(_sound, seed, others)))
        makers.append(partial(_unlearnt, partial(_cracked, seed, others[seed % len(others)])))
    return makers


def learnt_kinds(recipe: Recipe) -> list[str]:
    """Kinds of generated surface that a recipe shows in training."""
    return [kind for kind in surfaces.KINDS if getattr(recipe.mixture.kinds, kind) > 0]


def without_colour(pixels: Pixels) -> Pixels:
    """The same as a camera without colour takes it."""
    light = np.round(pixels @ _LIGHT).astype(np.uint8)
    return np.repeat(light[..., None], 3, axis=2)


def more_sound(recipe: Recipe, given: Given) -> list[Maker]:
    """Generated sound pictures beyond those of `every`, for the windows of photos alone."""
    seeds = range(_FIRST_SOUND_SEED, _FIRST_SOUND_SEED + min(MORE_SOUND, 2 * len(given.val)))
    return [partial(_sound, seed, learnt_kinds(recipe)) for seed in seeds]


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


def _unlearnt(make: Maker) -> list[Picture]:
    return [picture._replace(mask=None, unlearnt=True) for picture in make()]


def _cuts(path: str, number: int) -> list[Picture]:
    """A picture of no surface: the whole of it, and pieces at two scales."""
    pixels, rng, pieces = images.read(path).pixels, generator(number, 17), []
    height, width = pixels.shape[:2]
    for reach in (1.0, 0.7, 0.7, 0.45, 0.45):
        side = min(max(_SMALLEST_CUT_PX, round(min(height, width) * reach)), height, width)
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        piece = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        pieces.append(Picture(images.resize(piece, SIDE_PX, SIDE_PX), False, None, "", number))
    return pieces
