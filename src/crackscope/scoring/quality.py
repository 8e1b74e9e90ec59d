"""How good a photo is: whether a crack could be seen in it at all."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_WINDOW_PX = 160
_WINDOWS_A_SIDE = 6
_SMALLEST_PX = 16
"""Of what has a shorter side no blur is told."""
_BESIDE_PX = 9
"""So far beside a void nothing is looked at: its edge is no edge of the surface, and this is how far blurring spreads
it."""
_LEAST_SEEN = 0.25
"""Share of a window that shows the surface, from which on it is looked at; where none shows so much, whichever do."""

_QUIET = 4
"""One of so many windows is quiet; a photo of fewer has none to tell noise from a surface's own grain by."""
_TEXTURE_PX = 1.0
"""Up to such a blur the quietest windows hold the surface's own texture besides noise, which is not to be taken off."""
_FINE_PX, _COARSE_PX, _CHOOSING_PX = 0.7, 1.4, 2.0
"""Deviations of the two further blurs that are held against each other, and of the one whose edges are chosen by."""
_STRONGEST = 0.01
"""Share of an eighth of the pixels whose edges count: the strongest, which are the nearest to steps."""
_AROUND_PX = 2
"""The crest of what was blurred to choose edges by lies so far beside a line of one or two pixels at the most."""
_STEEPER, _NOISES = 1.6, 3.0
"""An edge is a line's where the gradient around is so many times as steep, and besides by so many deviations of the
noise: where noise is strong, the largest of its gradients would pass for lines all over a blurred photo."""
_PIXEL = 1 / 12
"""Square of the blur, in px, that a square pixel makes of a step."""
_DIFFERENCE = 1 / 3
"""The same of the difference of two neighbours that a gradient is worked out from."""
_SLOPE, _OFFSET = 1.62, -0.6
"""From the blur that edges seem to have to that of the photo, fitted in `proofs/quality.py`."""
_LEAST_BLUR_PX, MOST_BLUR_PX = 0.3, 6.0
"""Between these the fit holds."""
_LEAST_OF_LINES_PX = 0.5
"""The sides of lines are steps, to which the fit gives less than they have; lenses leave no less than this."""
_ROUNDING = 0.29
"""Deviation of the noise that rounding to whole grey values makes: the root of 1/12."""


class Quality(NamedTuple):
    """What can be seen in a photo.

    sharpness_px: standard deviation of the blur, as a Gaussian, in px. noise: standard deviation of the grain of the
    grey values (0 to 255). dark, bright: share of the pixels that are black or white beyond use.
    """

    sharpness_px: float
    noise: float
    dark: float
    bright: float


class _Window(NamedTuple):
    """A part of a photo. grey: float32 [h, w]. seen: bool [h - 2, w - 2], what of all but its border shows the surface,
    away from any void; None for all of it."""

    grey: NDArray[np.float32]
    seen: NDArray[np.bool_] | None

    @property
    def seen_px(self) -> int:
        """How many pixels are looked at."""
        return self.grey.size if self.seen is None else int(np.count_nonzero(self.seen))

    def of(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is looked at of values for all but its border."""
        return values if self.seen is None else values[self.seen]


_Void = tuple[NDArray[np.bool_], int] | None
"""The cells of a photo that show nothing, bool [h, w], at least one of them does, and how many px a side they have."""


def quality(pixels: NDArray[np.uint8], void: _Void = None) -> Quality:
    """Judge a photo, uint8 [h, w, 3] RGB, by its own pixels: up to 36 windows of 160 px, spread evenly.

    Noise: what a filter that is blind to slopes and edges leaves (J. Immerkær, Fast noise variance estimation, CVIU 64,
    1996), in the quietest fifth of the windows; grain that a camera or JPEG has smeared or removed does not count.
    Blur: at the strongest edges, how much a known further blur weakens the gradient (S. Zhuo and T. Sim, Defocus map
    estimation from a single image, Pattern Recognition 44, 2011), the noise's share taken off: that of white noise, or,
    of a blurred photo, what the quietest windows hold, since what JPEG leaves of noise looks like fine edges. Edges of
    built surfaces are seldom steps; the line that turns their answer into the blur was fitted on generated photos of
    known blur (`proofs/quality.py`), which it tells to about a quarter of a pixel. What does not look sharp is asked
    again with the sides of thin lines told by the steepest place around: a ruler's marks have two edges within a few
    pixels.

    void: the cells that show nothing, and how many px a side they have: what fills them is even, and counts for
    nothing.
    """
    lit = light(pixels, void)
    windows = _windows(pixels, void) if min(pixels.shape[:2]) >= _SMALLEST_PX else []
    if not windows:
        return lit
    grains = [_grain(window) for window in windows]
    # A patch is one window, and looking for its percentile would take as long as its grain.
    noise = float(np.percentile(grains, 20)) if len(grains) > 1 else grains[0]
    quiet = [windows[place] for place in np.argsort(grains)[: len(windows) // _QUIET]]
    return lit._replace(sharpness_px=_blur(windows, quiet, noise), noise=max(noise, _ROUNDING))


def light(pixels: NDArray[np.uint8], void: _Void = None) -> Quality:
    """The same by how much of the photo is black or white alone, in a tenth of the time: as sharp and as free of noise
    as can be."""
    height, width = pixels.shape[:2]
    down, across = max(1, height // 1024), max(1, width // 1024)
    sample = pixels[::down, ::across]
    if void is not None:
        cells, side = void
        sample = sample[~cells[np.ix_(np.arange(0, height, down) // side, np.arange(0, width, across) // side)]]
    dark, bright = _share(sample, lambda colour: colour < 8), _share(sample, lambda colour: colour > 250)
    return Quality(_LEAST_BLUR_PX, _ROUNDING, dark, bright)


def _share(pixels: NDArray[np.uint8], beyond: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]) -> float:
    """Of the pixels, those that are beyond in every colour: what is black in one of them may show in another."""
    there = beyond(np.ascontiguousarray(pixels[..., 1]))
    if there.any():
        there = there & beyond(pixels[..., 0]) & beyond(pixels[..., 2])
    return float(np.count_nonzero(there) / there.size)


def _windows(pixels: NDArray[np.uint8], void: _Void) -> list[_Window]:
    """Windows spread evenly over a photo, those that show some of the surface; none where there is no place for any."""
    height, width = pixels.shape[:2]
    corners = [(top, left) for top in _starts(height) for left in _starts(width)]
    every = [_Window(_grey(pixels, corner), _seen(corner, pixels.shape, void)) for corner in corners]
    some = [window for window in every if window.seen_px >= _LEAST_SEEN * window.grey.size]
    return some or [window for window in every if window.seen_px]


def _grey(pixels: NDArray[np.uint8], corner: tuple[int, int]) -> NDArray[np.float32]:
    import cv2

    top, left = corner
    part = np.ascontiguousarray(pixels[top : top + _WINDOW_PX, left : left + _WINDOW_PX])
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32)


def _seen(corner: tuple[int, int], shape: tuple[int, ...], void: _Void) -> NDArray[np.bool_] | None:
    """What of the window with this corner is looked at, as `_Window` has it."""
    import cv2

    if void is None or not void[0].any():
        return None
    cells, side = void
    rows, columns = (np.arange(at, min(at + _WINDOW_PX, most)) // side for at, most in zip(corner, shape, strict=False))
    hidden = cells[np.ix_(rows, columns)].astype(np.uint8)
    around = 2 * _BESIDE_PX + 1
    return np.asarray(cv2.dilate(hidden, np.ones((around, around), np.uint8))[1:-1, 1:-1] == 0)


def _starts(side: int) -> list[int]:
    count = min(_WINDOWS_A_SIDE, max(1, side // _WINDOW_PX))
    return [int(start) for start in np.linspace(0, max(0, side - _WINDOW_PX), count)]


def _grain(window: _Window) -> float:
    import cv2

    second = np.array([1, -2, 1], np.float32)
    left = window.of(np.asarray(cv2.sepFilter2D(window.grey, -1, second, second)[1:-1, 1:-1], np.float32))
    return float(np.abs(left).mean() * np.sqrt(np.pi / 2) / 6)


def _steepness(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared gradient of what is blurred, but for its border."""
    across = smooth[1:-1, 2:] - smooth[1:-1, :-2]
    down = smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    across *= across
    down *= down
    across += down
    return across


def _steepness_at(smooth: NDArray[np.float32], places: NDArray[np.intp]) -> NDArray[np.float32]:
    """The same at some places, counted row by row within the border."""
    flat, wide = smooth.ravel(), smooth.shape[1]
    rows, columns = np.divmod(places, wide - 2)
    middle = (rows + 1) * wide + columns + 1
    across, down = flat[middle + 1] - flat[middle - 1], flat[middle + wide] - flat[middle - wide]
    return np.asarray(across * across + down * down, np.float32)


@cache
def _noise_share(sigma_px: float) -> float:
    """What white noise of deviation 1 leaves of squared gradient after a Gaussian blur."""
    place = np.arange(-12, 13)
    kernel = np.exp(-0.5 * (place / sigma_px) ** 2)
    kernel /= kernel.sum()
    apart = np.convolve(kernel, [1, 0, -1])
    return float(2 * (apart**2).sum() * (kernel**2).sum())


def _blur(windows: list[_Window], quiet: list[_Window], noise: float) -> float:
    edges = [_edges(window) for window in windows]
    chosen = np.concatenate([steep for steep, _ in edges])
    if not len(chosen):
        return _LEAST_BLUR_PX
    wanted = int(_STRONGEST * sum(window.seen_px for window in windows) / 8) + 1
    best, places = _strongest(chosen, wanted), [place for _, place in edges]
    left = [_noise_left(quiet, noise, px) for px in (_FINE_PX, _COARSE_PX)]
    fine, coarse = (_steepness_of(windows, places, best, px) for px in (_FINE_PX, _COARSE_PX))
    told = _told_at(fine, coarse, left)
    if told < _TEXTURE_PX:
        return told
    fine_near, coarse_near = (_steepness_of(windows, places, best, px, _AROUND_PX) for px in (_FINE_PX, _COARSE_PX))
    line = np.sqrt(fine_near) > _STEEPER * np.sqrt(fine) + _NOISES * np.sqrt(left[0][1])
    # The gradient of a thin line falls with the square of its blur, that of an edge with the blur itself.
    as_steep = coarse * np.sqrt(fine_near / np.maximum(coarse_near, 1e-3))
    return max(_told_at(np.where(line, as_steep, fine), coarse, left), _LEAST_OF_LINES_PX)


def _told_at(fine: NDArray[np.float32], coarse: NDArray[np.float32], left: list[tuple[float, float]]) -> float:
    """The blur, in px, by squared gradients at edges after the finer and the coarser further blur."""
    white, held = (
        _told(float(fine.mean()) - one, float(coarse.mean()) - other) for one, other in zip(*left, strict=True)
    )
    return held if held >= _TEXTURE_PX else white


def _told(above: float, below: float) -> float:
    """The blur, in px, by what is left of squared gradient at edges after the finer and the coarser further blur."""
    ratio = max(above, 1e-3) / max(below, 1e-3)
    near, far = _FINE_PX**2 + _DIFFERENCE, _COARSE_PX**2 + _DIFFERENCE
    apparent = np.sqrt(max((far - ratio * near) / max(ratio - 1, 0.01) - _PIXEL, 0.0))
    return float(np.clip(_SLOPE * apparent + _OFFSET, _LEAST_BLUR_PX, MOST_BLUR_PX))


def _noise_left(quiet: list[_Window], noise: float, sigma_px: float) -> tuple[float, float]:
    """What white noise leaves of squared gradient after a Gaussian blur, and what the quiet windows hold if more."""
    import cv2

    white = noise * noise * _noise_share(sigma_px)
    held = [one.of(_steepness(np.asarray(cv2.GaussianBlur(one.grey, (0, 0), sigma_px)))).mean() for one in quiet]
    return white, max(white, float(np.mean(held))) if held else white


def _edges(window: _Window) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The crests of a window's edges: squared gradients to choose by, which noise hardly touches, and where they are,
    counted row by row within the window's border."""
    import cv2

    steep = _steepness(np.asarray(cv2.GaussianBlur(window.grey, (0, 0), _CHOOSING_PX), np.float32))
    crest = (steep >= 0.9 * cv2.dilate(steep, np.ones((3, 3), np.uint8))) & (steep > 0)
    if window.seen is not None:
        crest &= window.seen
    places = np.flatnonzero(crest)
    return steep.ravel()[places], places


def _strongest(values: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The places of the largest values: so many, and what equals the least of them, so that no order tells."""
    if count >= len(values):
        return np.arange(len(values))
    return np.flatnonzero(values >= np.partition(values, len(values) - count)[len(values) - count])


def _steepness_of(
    windows: list[_Window],
    places: list[NDArray[np.intp]],
    best: NDArray[np.intp],
    sigma_px: float,
    around_px: int = 0,
) -> NDArray[np.float32]:
    """Squared gradients after a Gaussian blur, at some of the places in windows that follow each other, or the largest
    so far around them."""
    import cv2

    out = np.empty(len(best), np.float32)
    ends = np.cumsum([len(some) for some in places])
    owner = np.searchsorted(ends, best, side="right")
    for number in np.unique(owner):
        mine = np.flatnonzero(owner == number)
        own = places[number][best[mine] - (ends[number] - len(places[number]))]
        smooth = np.asarray(cv2.GaussianBlur(windows[number].grey, (0, 0), sigma_px), np.float32)
        if around_px:
            near = np.ones((2 * around_px + 1, 2 * around_px + 1), np.uint8)
            out[mine] = cv2.dilate(_steepness(smooth), near).ravel()[own]
        else:
            out[mine] = _steepness_at(smooth, own)
    return out
