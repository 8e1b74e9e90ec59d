"""Whether two prints show one picture: the exact test that every suspected pair must pass.

Two pictures are near-copies when their 16 x 16 cells, in the best of eight positions, agree in three ways:

- as they are, correlation .985 or more; .96 for a crop, which is cut out of 32 x 32 cells and so a little blurred;
- in texture, with what lighting can draw taken out, .95: two plain walls lit from the same side do not;
- with strong contrasts pressed down, .8: two different straight cracks in the same place do not. Copies made of METU
  patches lay at .9 and above, chance pairs of generated surfaces at .79 and below. Lost by this bar are some pairs of
  METU that show one place in two exposures, which reach down to .7.

The first two bars give way a little for prints so flat that the rounding inside a JPEG (.35 grey levels on a cell, at
quality 50) is a part of what is compared.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.datasets.prints import COARSE, SIDE, Floats, coarse, squeeze, texture

ALIKE: Final = 0.985
CROPPED_ALIKE: Final = 0.96
TEXTURE_ALIKE: Final = 0.95
PRESSED_ALIKE: Final = 0.8
NOISE: Final = 0.35
FLOOR: Final = 0.5
"""Grey levels. Texture below it is not told from noise: such a picture has exact copies only. METU's least is .59."""

# A crop that was guessed within 2 % of the side begins above the first (METU: above .86 in 99 of 100) and stands above
# the second after the first steps; most false suspicions do not.
_WORTH_FITTING: Final = 0.85
_WORTH_GOING_ON: Final = 0.95
_FIRST_STEPS: Final = 2
_LAST_STEPS: Final = 4
_DEEPEST: Final = 0.08
_OUTSIDE: Final = 0.005
_BATCH: Final = 4096

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


def positions(cells: Floats) -> Iterator[Floats]:
    """The eight positions of square cells [n, s, s]: four quarter turns, each plain and mirrored."""
    for turns in range(4):
        turned = np.rot90(cells, turns, axes=(1, 2))
        yield turned
        yield turned[:, :, ::-1]


def _flat(cells: Floats) -> Floats:
    return cells.reshape(len(cells), COARSE * COARSE)


def _place(cells: Floats, chosen: NDArray[np.int64]) -> Floats:
    placed = cells.copy()
    for position, turned in enumerate(positions(cells)):
        here = chosen == position
        placed[here] = turned[here]
    return placed


class Likeness(NamedTuple):
    """How alike two pictures' cells [n, 256] are; bars already say what is enough for cells this flat."""

    whole: Floats
    enough: Mask


def compare(first: Floats, second: Floats, alike: float = ALIKE) -> Likeness:
    """Compares cells [n, 256] in the position they have; `alike` is the bar for the whole."""
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    whole, bar = _correlate(first, second, alike)
    detail, detail_bar = _correlate(texture(first), texture(second), TEXTURE_ALIKE)
    enough = (whole >= bar) & (detail >= detail_bar)
    passed = np.flatnonzero(enough)
    pressed = _pressed(first[passed]), _pressed(second[passed])
    enough[passed] = _correlate(*pressed, PRESSED_ALIKE)[0] >= PRESSED_ALIKE
    return Likeness(whole, enough)


def _pressed(cells: Floats) -> Floats:
    """Cells [n, 256] in which none counts more than about twice a common one: a crack no more than what is around."""
    middle = cells - np.median(cells, axis=1, keepdims=True)
    common = np.median(np.abs(middle), axis=1, keepdims=True) + NOISE
    pressed: Floats = middle / (np.abs(middle) + common)
    pressed -= pressed.mean(axis=1, keepdims=True)
    return pressed


def _correlate(first: Floats, second: Floats, bar: float) -> tuple[Floats, Floats]:
    power = (first * first).sum(axis=1), (second * second).sum(axis=1)
    product = (first * second).sum(axis=1)
    correlation = product / np.sqrt(np.maximum(power[0] * power[1], 1e-12))
    flattest = np.maximum(np.minimum(power[0], power[1]) / first.shape[1], 1e-6)
    return correlation, bar / np.sqrt(1.0 + NOISE * NOISE / flattest)


def alike_in_any_position(prints: Floats, pairs: Indices) -> Mask:
    """Which pairs [p, 2] of prints [n, 32, 32] are near-copies, taken whole."""
    found = np.zeros(len(pairs), bool)
    for at in range(0, len(pairs), _BATCH):
        some = pairs[at : at + _BATCH]
        first = coarse(prints[some[:, 0]])
        second = _flat(coarse(prints[some[:, 1]]))
        for turned in positions(first):
            found[at : at + _BATCH] |= compare(_flat(turned), second).enough
    return found


def alike_when_cropped(prints: Floats, pairs: Indices, starts: Floats) -> Mask:
    """Which pairs [p, 2] are near-copies once the first is cropped to what the second shows.

    starts: [p, 4], the crop (left, right, top, bottom, shares of the side) to begin with. The crop is then fitted by
    Gauss-Newton steps on the 16 x 16 cells, each side between nothing and 8 %.
    """
    found = np.zeros(len(pairs), bool)
    for at in range(0, len(pairs), _BATCH):
        part = slice(at, at + _BATCH)
        whole = prints[pairs[part, 0]].astype(np.float32)
        target = coarse(prints[pairs[part, 1]])
        found[part] = _fit(whole, target, starts[part])
    return found


def _fit(whole: Floats, target: Floats, starts: Floats) -> Mask:
    found = np.zeros(len(whole), bool)
    chosen, likeness = _best_position(cropped(whole, starts), target)
    left = np.flatnonzero(likeness >= _WORTH_FITTING)
    # The target is turned back into the first picture's position: the crop stays in that picture's own directions.
    back = np.array([0, 1, 6, 3, 4, 5, 2, 7], np.int64)[chosen[left]]
    aim = _flat(_place(target[left], back))
    crop, source = starts[left], whole[left]
    for steps in (_FIRST_STEPS, _LAST_STEPS):
        for _ in range(steps):
            crop = np.clip(crop + _step(source, aim, crop), -_OUTSIDE, _DEEPEST)
        alike, enough = compare(_flat(cropped(source, crop)), aim, CROPPED_ALIKE)
        found[left] = enough
        more = (alike >= _WORTH_GOING_ON) & ~enough
        left, crop, source, aim = left[more], crop[more], source[more], aim[more]
    return found


def _best_position(cells: Floats, target: Floats) -> tuple[NDArray[np.int64], Floats]:
    first, second = _unit(cells), _flat(_unit(target))
    scores = np.stack([np.einsum("pk,pk->p", _flat(turned), second) for turned in positions(first)])
    return scores.argmax(axis=0), scores.max(axis=0)


def _unit(cells: Floats) -> Floats:
    middle = cells - cells.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("pij,pij->p", middle, middle))
    unit: Floats = middle / np.maximum(length, 1e-6)[:, None, None]
    return unit


def cropped(whole: Floats, crop: Floats) -> Floats:
    """Prints [p, 32, 32] cut by crops [p, 4], as cells [p, 16, 16]."""
    across = squeeze(crop[:, 0], 1.0 - crop[:, 1], COARSE)
    down = squeeze(crop[:, 2], 1.0 - crop[:, 3], COARSE)
    cells: Floats = down @ whole @ across.transpose(0, 2, 1)
    return cells


def _slopes(whole: Floats, crop: Floats) -> tuple[Floats, Floats]:
    """The cells [p, 256] at a crop, and how they change [p, 4, 256] with each of its sides, by differences."""
    small = 0.25 / SIDE
    left, right, top, bottom = (crop[:, side] for side in range(4))
    across = squeeze(left, 1.0 - right, COARSE).transpose(0, 2, 1)
    down = squeeze(top, 1.0 - bottom, COARSE)
    narrow, flat = whole @ across, down @ whole
    now = down @ narrow
    moved = [
        flat @ squeeze(left + small, 1.0 - right, COARSE).transpose(0, 2, 1),
        flat @ squeeze(left, 1.0 - right - small, COARSE).transpose(0, 2, 1),
        squeeze(top + small, 1.0 - bottom, COARSE) @ narrow,
        squeeze(top, 1.0 - bottom - small, COARSE) @ narrow,
    ]
    slopes = np.stack([_flat((cells - now) / small) for cells in moved], axis=1)
    return _flat(now), slopes


def _step(whole: Floats, aim: Floats, crop: Floats) -> Floats:
    """One Gauss-Newton step [p, 4] towards cells `aim` [p, 256], contrast and brightness left free."""
    here, slopes = _slopes(whole, crop)
    here = here - here.mean(axis=1, keepdims=True)
    slopes = slopes - slopes.mean(axis=2, keepdims=True)
    goal = aim - aim.mean(axis=1, keepdims=True)
    power = np.maximum((here * here).sum(axis=1), 1e-6)
    gain = (here * goal).sum(axis=1) / power
    miss = goal - gain[:, None] * here
    # What a change of contrast explains is taken out, so that it is not paid for by a crop.
    share = (slopes @ here[:, :, None])[:, :, 0] / power[:, None]
    slopes = (slopes - share[:, :, None] * here[:, None, :]) * gain[:, None, None]
    square: Floats = slopes @ slopes.transpose(0, 2, 1)
    ridge = 1e-3 * np.trace(square, axis1=1, axis2=2)[:, None, None] / 4 + 1e-6
    right = slopes @ miss[:, :, None]
    step = np.linalg.solve(square + ridge * np.eye(4, dtype=np.float32), right)[:, :, 0]
    return np.clip(step, -0.02, 0.02).astype(np.float32)
