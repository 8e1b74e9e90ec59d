"""Golden outputs: what a bundle answered where it was made must be what it answers here.

The pictures are made from integers alone, by a formula that any language can follow, so that no version of a random
generator can change them:

    mix(v)      = v ^= v >> 16; v *= 0x7FEB352D; v ^= v >> 15; v *= 0x846CA68B; v ^= v >> 16   (32 bits, wrapping)
    noise(a, b) = mix(mix(mix(seed + k) + a) + b)   for picture number k
    pixel[y, x, c] = 96 + (noise(y // 8, x // 8) & 63) + (noise(y + 4096, 3 x + c + 4096) & 31)
    and 72 less where |x * height - y * width| < 2 * height, which lays a dark line along the diagonal.

mix is the lowbias32 hash of C. Wellons (https://nullprogram.com/blog/2018/07/31/).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Golden, InputSpec
from crackscope.errors import BundleError
from crackscope.scoring.runtime import Raw
from crackscope.scoring.tiling import fit

SEED = 1
TOLERANCE = 2e-3
"""Largest difference, relative to max(1, |stated|): processors sum in different orders, damaged weights differ more."""

_HEAD = 8
_SHAPES = ((64, 96), (96, 80))

Run = Callable[[NDArray[np.uint8]], Raw]


def golden_shapes(spec: InputSpec) -> tuple[tuple[int, int], ...]:
    """Return the sizes (height, width) of golden pictures for a network: small ones, to be cheap at every load."""
    if spec.fixed and spec.native is not None:
        return ((spec.native, spec.native),)
    return tuple((fit(height, spec), fit(width, spec)) for height, width in _SHAPES)


def golden_pictures(seed: int, shapes: Sequence[tuple[int, int]]) -> list[NDArray[np.uint8]]:
    """Make the pictures, uint8 [h, w, 3] each, by the formula above."""
    return [_picture(seed + number, height, width) for number, (height, width) in enumerate(shapes)]


def _mix(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    value = (value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D)
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x846CA68B)
    return value ^ (value >> np.uint32(16))


def _picture(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    start = _mix(np.array([seed & 0xFFFFFFFF], np.uint32))
    y = np.arange(height, dtype=np.uint32)[:, None, None]
    x = np.arange(width, dtype=np.uint32)[None, :, None]
    c = np.arange(3, dtype=np.uint32)[None, None, :]

    def noise(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.uint32]:
        return _mix(_mix(start + a) + b)

    pixels = 96 + (noise(y // 8, x // 8) & 63) + (noise(y + 4096, 3 * x + c + 4096) & 31)
    line = np.abs(x.astype(np.int64) * height - y.astype(np.int64) * width) < 2 * height
    return np.ascontiguousarray((pixels - 72 * line).astype(np.uint8))


def make_golden(run: Run, spec: InputSpec, tolerance: float = TOLERANCE) -> Golden:
    """Record what a network answers to the golden pictures. run: one picture through the network."""
    shapes = golden_shapes(spec)
    answers = [run(pixels) for pixels in golden_pictures(SEED, shapes)]
    return Golden(
        seed=SEED,
        shapes=shapes,
        score=tuple(answer.score for answer in answers),
        map_mean=tuple(float(answer.map.mean(dtype=np.float64)) for answer in answers),
        embedding_head=tuple(tuple(map(float, answer.embedding[:_HEAD])) for answer in answers),
        tolerance=tolerance,
    )


def check_golden(run: Run, golden: Golden, where: str) -> None:
    """Raise BundleError when a network does not answer the golden pictures as stated."""
    for number, pixels in enumerate(golden_pictures(golden.seed, golden.shapes)):
        answer = run(pixels)
        head = golden.embedding_head[number]
        found = [answer.score, float(answer.map.mean(dtype=np.float64)), *map(float, answer.embedding[: len(head)])]
        stated = [golden.score[number], golden.map_mean[number], *head]
        names = ["score", "map mean", *("embedding" for _ in head)]
        for name, here, there in zip(names, found, stated, strict=False):
            if not abs(here - there) <= golden.tolerance * max(1.0, abs(there)) or len(found) != len(stated):
                raise BundleError(
                    f"{where} answers otherwise than where it was made ({name} of golden picture {number + 1}: "
                    f"{here:.6g} instead of {there:.6g}); do not use it on this machine, or make it again"
                )
