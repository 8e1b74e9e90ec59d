"""What a bundle says beyond its network: probabilities, thresholds and the verdict rule, fitted on held-out pictures.

Three kinds of pictures are scored by the graph as it ships: the validation rows, which no weight was fitted to;
generated surfaces with things that resemble cracks, which stand for what no row shows; and pictures of no surface.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope import images, scoring, surfaces
from crackscope.bundles import Calibration, InputSpec, QualityRule, VerdictRule
from crackscope.errors import TrainingError
from crackscope.recipes import Augmentation, Recipe
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, generator
from crackscope.training.pictures import Reader
from crackscope.training.surface_rule import fit_surface_rule

GENERATED = 300
"""Generated pictures of each sort (sound, cracked, no surface), at most; fewer where there are few validation rows."""

SIDE_PX = 256
KEPT_SCORES = 200
"""Largest scores of sound windows that the verdict rule keeps."""

TAIL_SCORES = 30
"""The exponential tail is fitted to so many of them."""

UNSEEN_LOGITS = 1.0
"""Cracks of a surface that was not learnt from get lower logits: with the asphalt pictures left out of training, masks
of them were best with a threshold this much below that of the pictures held out from surfaces that were."""

TOLERANCE_PX = 4
BLURRED_PX = 3.0
"""Of the patches of METU, SDNET2018 and SUT-Crack 99 in 100 are blurred by less than 2.1 px; from 3 px on a crack of
ordinary width shows less than half of its darkness."""

_FIRST_SEED = 1_000_000


class Given(NamedTuple):
    """What is fitted on. stride: px between positions of the map. val: rows that no weight was fitted to. train: rows
    it was, for those that show no surface.
    """

    stride: int
    val: Sequence[Row]
    train: Sequence[Row]
    threads: int


class Fitted(NamedTuple):
    """What was fitted, for the manifest. figures: what it gave on the pictures it was fitted on."""

    calibration: Calibration
    threshold: float
    mask_threshold: float
    verdict: VerdictRule
    figures: dict[str, float]


class _Picture(NamedTuple):
    """A picture with what is known of it. surface: its name, "" for none. source: equal for pieces of one picture, -1
    for a picture of its own.
    """

    pixels: Pixels
    cracked: bool
    mask: Mask | None
    surface: str
    source: int = -1


class _Scored(NamedTuple):
    """Scores [n], window scores as photos get them [n] (NaN where cracked), embeddings [n, d], labels bool [n],
    surfaces and sources of pictures, and the maps of those with a mask.
    """

    score: NDArray[np.float64]
    window: NDArray[np.float64]
    embedding: NDArray[np.float32]
    cracked: NDArray[np.bool_]
    surface: NDArray[np.str_]
    source: NDArray[np.int64]
    maps: list[tuple[NDArray[np.float32], Mask]]


def fit(model: bytes, spec: InputSpec, recipe: Recipe, given: Given) -> Fitted:
    """Fit everything that the recipe asks for on pictures that the graph `model` was not trained on.

    Raises TrainingError when there is no validation row to fit on.
    """
    if not given.val:
        raise TrainingError("calibrate = true needs validation rows, and the split has none; deal some with --parts")
    full = recipe.verdict == "conformal"
    pictures = _pictures(recipe, given) if full else _held_out(given.val)
    seen = _score(_Judge(scoring.Graph(model), spec, given.stride, recipe), pictures, given.threads)
    surface = seen.surface != ""
    labels = seen.cracked[surface].astype(np.float64)
    scale, shift = fit_sigmoid(seen.score[surface], labels)
    calibration = Calibration(scale=scale, shift=shift, method="Platt", fitted_on=len(labels))
    if not full:
        return unfitted(spec, recipe)._replace(calibration=calibration)
    probability = 1 / (1 + np.exp(-np.clip(scale * seen.score + shift, -500, 500)))
    threshold = _threshold(probability[surface & seen.cracked], recipe.miss_rate)
    sound, chances = _chances(seen.window[surface & ~seen.cracked], seen.surface[surface & ~seen.cracked])
    rule = VerdictRule(
        kind="conformal",
        window_px=SIDE_PX,
        top_share=_top_share(recipe),
        sound=tuple(round(float(score), 4) for score in sound[:KEPT_SCORES]),
        chances=tuple(round(float(chance), 7) for chance in chances[:KEPT_SCORES]),
        tail=_tail(sound),
        quality=QualityRule(blurred_px=BLURRED_PX, dark=0.6, bright=0.6, smallest_px=spec.minimum),
        surface=fit_surface_rule(seen.embedding, surface, seen.source),
    )
    figures = {
        "held_out_pictures": float(surface.sum()),
        "held_out_misses": _share(probability[surface & seen.cracked] < threshold),
        "held_out_false_alarms": _share(probability[surface & ~seen.cracked] >= threshold),
    }
    return Fitted(calibration, threshold, mask_threshold(seen.maps, given.stride) - UNSEEN_LOGITS, rule, figures)


def unfitted(spec: InputSpec, recipe: Recipe) -> Fitted:
    """What a bundle says when nothing is fitted: a probability of .5 is the threshold."""
    rule = VerdictRule(top_share=_top_share(recipe), window_px=spec.native or SIDE_PX)
    return Fitted(Calibration(), 0.5, 0.0, rule, {})


def _top_share(recipe: Recipe) -> float:
    """A pooled head scores the mean of its map, a dense one the mean of the largest share."""
    return recipe.head.top_share if recipe.head.kind == "dense" else 1.0


def _held_out(rows: Sequence[Row]) -> Iterator[_Picture]:
    reader = Reader(None, Augmentation(), 0)
    for row in rows:
        pixels, mask = reader.plain(row)
        yield _Picture(pixels, row.label == "crack", mask, row.surface or "unnamed")


def _pictures(recipe: Recipe, given: Given) -> Iterator[_Picture]:
    bare = recipe.mixture.bare
    yield from _held_out([row for row in given.val if row.surface not in bare])
    count = min(GENERATED, 2 * len(given.val))
    for seed in range(_FIRST_SEED, _FIRST_SEED + count):
        kind = surfaces.KINDS[seed % len(surfaces.KINDS)]
        sound = surfaces.make(surfaces.SurfaceSpec(seed=seed, kind=kind, size=(SIDE_PX, SIDE_PX), distractors=0.7))
        yield _Picture(sound.pixels, False, sound.mask, f"generated {kind}")
        made = surfaces.generate(seed + count, (SIDE_PX, SIDE_PX), True, kind)
        yield _Picture(made.pixels, True, made.mask, f"generated {kind}")
        yield _Picture(surfaces.generate_other(seed, (SIDE_PX, SIDE_PX)), False, None, "")
    for number, row in enumerate(row for row in (*given.val, *given.train) if row.surface in bare):
        yield from _cuts(images.read(row.path).pixels, number)


def _cuts(pixels: Pixels, number: int) -> Iterator[_Picture]:
    """A picture of no surface: the whole of it, and pieces at two scales."""
    rng = generator(number, 17)
    height, width = pixels.shape[:2]
    for reach in (1.0, 0.7, 0.7, 0.45, 0.45):
        side = max(32, round(min(height, width) * reach))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        piece = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        yield _Picture(images.resize(piece, SIDE_PX, SIDE_PX), False, None, "", number)


class _Judge(NamedTuple):
    """The graph as patches and photos meet it."""

    graph: scoring.Graph
    spec: InputSpec
    stride: int
    recipe: Recipe

    def run(self, pixels: Pixels) -> scoring.Raw:
        height, width = pixels.shape[:2]
        raw = self.graph.run(scoring.take(pixels, scoring.Tile(0, 0, width, height), self.spec))
        return raw._replace(map=raw.map[: -(-height // self.stride), : -(-width // self.stride)])

    def look(self, picture: _Picture) -> tuple[_Picture, scoring.Raw, float]:
        """The picture without its pixels, what is said of it, and the score of its window in a photo."""
        raw = self.run(picture.pixels)
        window = math.nan if picture.cracked or not picture.surface else self._window(picture.pixels, raw.map)
        return picture._replace(pixels=picture.pixels[:0]), raw, window

    def _window(self, pixels: Pixels, logits: NDArray[np.float32]) -> float:
        import cv2

        if self.recipe.head.scales == 2:
            half = self.run(images.resize(pixels, -(-pixels.shape[1] // 2), -(-pixels.shape[0] // 2))).map
            size = (2 * half.shape[1], 2 * half.shape[0])
            grown = np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_LINEAR), np.float32)
            logits = ((logits + grown[: logits.shape[0], : logits.shape[1]]) / 2).astype(np.float32)
        return scoring.top_mean(logits, _top_share(self.recipe))


def _score(judge: _Judge, pictures: Iterator[_Picture], threads: int) -> _Scored:
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(judge.look, pictures))
    return _Scored(
        np.array([raw.score for _, raw, _ in answers]),
        np.array([window for _, _, window in answers]),
        np.stack([raw.embedding for _, raw, _ in answers]),
        np.array([picture.cracked for picture, _, _ in answers]),
        np.array([picture.surface for picture, _, _ in answers]),
        np.array([-place - 1 if p.source < 0 else p.source for place, (p, _, _) in enumerate(answers)]),
        [(raw.map, picture.mask) for picture, raw, _ in answers if picture.mask is not None],
    )


def _chances(scores: NDArray[np.float64], surface: NDArray[np.str_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of sound windows, falling, and the chance that one scores as high, every surface counting alike.

    A score held against them counts as one of them itself (Vovk et al. 2005), so that no chance is nothing.
    """
    names, place, counts = np.unique(surface, return_inverse=True, return_counts=True)
    order = np.argsort(-scores, kind="stable")
    weights = (1 / (len(names) * counts))[place][order]
    own = 1 / len(scores)
    above = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    return scores[order], (above + own) / (1 + own)


def _threshold(cracked: NDArray[np.float64], miss_rate: float) -> float:
    """The highest threshold that misses no more than `miss_rate` of the cracked ones; .5 where no rate is asked for."""
    if not miss_rate:
        return 0.5
    return round(float(np.clip(np.quantile(cracked, miss_rate, method="lower"), 0.05, 0.95)), 4)


def _tail(falling: NDArray[np.float64]) -> float:
    """Mean excess of the largest scores over the one below them: the scale of an exponential tail."""
    count = min(TAIL_SCORES, len(falling) - 1)
    return max(0.05, float((falling[:count] - falling[count]).mean())) if count > 0 else 1.0


def _share(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 4) if len(flags) else math.nan


def mask_threshold(maps: Sequence[tuple[NDArray[np.float32], Mask]], stride: int) -> float:
    """The logit at which enlarged maps agree best with their masks: F1 with a tolerance of 4 px, pooled."""
    import cv2

    grid = np.arange(-4, 4.01, 0.25)
    counts = np.zeros((len(grid), 3))
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE_PX + 1,) * 2)
    for logits, mask in maps:
        height, width = mask.shape
        grown = cv2.resize(logits, (logits.shape[1] * stride, logits.shape[0] * stride), interpolation=cv2.INTER_LINEAR)
        grown = grown[:height, :width]
        near_truth = cv2.dilate(mask.astype(np.uint8), reach) > 0
        drawn = np.asarray(cv2.dilate(grown, reach)[mask])
        for place, logit in enumerate(grid):
            said = grown > logit
            counts[place] += (said.sum(), (said & near_truth).sum(), (drawn > logit).sum())
    total = sum(float(mask.sum()) for _, mask in maps)
    precision, recall = counts[:, 1] / np.maximum(counts[:, 0], 1), counts[:, 2] / max(total, 1)
    return float(grid[int(np.argmax(2 * precision * recall / np.maximum(precision + recall, 1e-9)))])


def fit_sigmoid(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[float, float]:
    """Scale (above 0) and shift that make sigmoid(scale * score + shift) fit the labels best, both classes alike.

    Labels are softened as Platt (1999) does, so that scores that separate perfectly give a finite scale; the classes
    get the same weight, since the share of cracks in a set says nothing of the next surface.
    """
    positives, negatives = labels.sum(), (1 - labels).sum()
    targets = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    weights = np.where(labels > 0, 0.5 / max(positives, 1), 0.5 / max(negatives, 1))
    scale, shift = 1.0, 0.0
    for _ in range(100):
        found = 1 / (1 + np.exp(-np.clip(scale * scores + shift, -40, 40)))
        error, bend = weights * (found - targets), weights * found * (1 - found) + 1e-12
        gradient = np.array([(error * scores).sum(), error.sum()])
        cross = (bend * scores).sum()
        hessian = np.array([[(bend * scores**2).sum(), cross], [cross, bend.sum()]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        scale, shift = max(scale - step[0], 1e-3), shift - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return float(scale), float(shift)
