"""What the graph of a bundle says of the pictures that its rules are fitted on (see `held_out.py`)."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from crackscope import images, scoring
from crackscope.bundles import Bundle, InputSpec, Manifest
from crackscope.recipes import Recipe
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels
from crackscope.training.held_out import Given, Maker, Picture
from crackscope.training.records import Listener, Progress

MOST_SHOWN = 150
"""Training rows of each surface whose embeddings are looked at."""

_LIGHT = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""

Answer = TypeVar("Answer")


class Scored(NamedTuple):
    """Scores [n], window scores as photos get them [n], embeddings [n, d] as of patches and as of photos, labels bool
    [n], surfaces and sources of pictures, which are validation rows, which show a surface whose scores count, and the
    maps of those with a mask. looks: float32 [2 * n, d + f], embeddings as of patches and then as of photos, and behind
    either the features of the pictures, where there are some; colourless: the same of the pictures without colour. Both
    are empty where photos are not asked about.
    """

    score: NDArray[np.float64]
    window: NDArray[np.float64]
    embedding: NDArray[np.float32]
    as_photo: NDArray[np.float32]
    cracked: NDArray[np.bool_]
    surface: NDArray[np.str_]
    source: NDArray[np.int64]
    row: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    maps: list[tuple[NDArray[np.float32], Mask]]
    looks: NDArray[np.float32] = np.empty((0, 0), np.float32)
    colourless: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def both_ways(self, chosen: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float32]:
        """Embeddings of k of them as of patches, then as of photos, float32 [2 * k, d]."""
        return np.concatenate([self.embedding[chosen], self.as_photo[chosen]])


class Graphs(NamedTuple):
    """What a bundle runs: model.onnx, and features.onnx where it has one."""

    model: bytes
    features: bytes | None = None


class Look(NamedTuple):
    """What is said of a picture as of a patch, and as of a photo: its embedding [d] and the score of its window; and
    its features [f], which are empty where there are none.

    A patch ends in the zeros that layers pad with, a photo is continued by reflection; so the two differ.
    """

    patch: scoring.Raw
    as_photo: NDArray[np.float32]
    window: float
    features: NDArray[np.float32]


class Judge:
    """The network as patches and photos meet it. photos: ask it as a photo meets it, too."""

    def __init__(self, graphs: "Graphs", spec: InputSpec, recipe: Recipe, given: "Given", photos: bool) -> None:
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
        bundle = Bundle(Path(), manifest, graphs.model, graphs.features)
        self._model = scoring.load(bundle, threads=given.threads, check=False)

    def patch(self, pixels: Pixels) -> scoring.Raw:
        """What is said of a patch, uint8 [h, w, 3], and its map without what only fills up the size."""
        height, width = pixels.shape[:2]
        raw = self._model.graph.run(scoring.take(pixels, scoring.Tile(0, 0, width, height), self._spec))
        return raw._replace(map=raw.map[: -(-height // self._stride), : -(-width // self._stride)])

    def look(self, pixels: Pixels) -> Look:
        """What is said of a picture, uint8 [h, w, 3]."""
        raw = self.patch(pixels)
        if not self.photos:
            return Look(raw, raw.embedding[:0], math.nan, raw.embedding[:0])
        return Look(raw, *self.photo(pixels), self._model.features(pixels))

    def photo(self, pixels: Pixels) -> tuple[NDArray[np.float32], float]:
        """What is said of a picture, uint8 [h, w, 3], as of a photo: embedding [d], and the score of its window."""
        heat = self._model.heatmap(pixels, options=scoring.DenseOptions(surface=False))
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
                # No slice of them: that would keep all of them.
                picture._replace(pixels=np.empty((0, 0, 3), np.uint8)),
                judge.look(picture.pixels),
                judge.look(without_colour(picture.pixels)) if judge.photos else None,
            )
            for picture in make()
        ]

    answers = [answer for few in _answers(looked, makers, threads, tally) for answer in few]
    greys = [grey for _, _, grey in answers if grey is not None]
    return Scored(
        np.array([look.patch.score for _, look, _ in answers]),
        np.array([look.window for _, look, _ in answers]),
        np.stack([look.patch.embedding for _, look, _ in answers]),
        np.stack([look.as_photo for _, look, _ in answers]),
        np.array([picture.cracked for picture, _, _ in answers]),
        np.array([picture.surface for picture, _, _ in answers]),
        np.array([-place - 1 if p.source < 0 else p.source for place, (p, _, _) in enumerate(answers)]),
        np.array([picture.row for picture, _, _ in answers]),
        np.array([bool(picture.surface) and not picture.unscored for picture, _, _ in answers]),
        [(look.patch.map, picture.mask) for picture, look, _ in answers if picture.mask is not None],
        _looks([look for _, look, grey in answers if grey is not None]),
        _looks(greys),
    )


def _looks(seen: Sequence[Look]) -> NDArray[np.float32]:
    """As `Scored` has them."""
    as_patch = [np.concatenate([look.patch.embedding, look.features]) for look in seen]
    return np.array(as_patch + [np.concatenate([look.as_photo, look.features]) for look in seen], np.float32)


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


def without_colour(pixels: Pixels) -> Pixels:
    """The same as a camera without colour takes it."""
    light = np.round(pixels @ _LIGHT).astype(np.uint8)
    return np.repeat(light[..., None], 3, axis=2)
