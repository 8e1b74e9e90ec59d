"""Coloured light, taken out of a picture before the network sees it.

Under a sodium lamp in a tunnel a picture is orange throughout: one colour shows the surface, another is all but black
and holds little more than noise and what JPEG makes of it. A network that learnt from daylight finds fewer cracks there
(benchmarks/coloured_light.py), and raising the weak colours until they balance, as a camera does, raises their noise
with them and makes it worse. So such a picture is seen in grey: each colour brought to the level of the strongest (grey
world: G. Buchsbaum, A spatial processor model for object colour perception, J. Franklin Institute 310, 1980), and their
mean taken with weights that follow from even noise, the squares of their levels. What is coloured itself, brickwork or
leaves, is so in places only, and stays as it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

COLOURED = 1.4
"""Mean of the strongest colour over that of the weakest: no patch of METU, SDNET2018 or SUT-Crack has more."""

_FULL = 0.4
"""So far beyond the limit all colour is taken out; up to there a share of it, so that no verdict jumps."""
_EVEN, _MOTLEY = 0.06, 0.10
"""Mean difference of the balanced colours of a place over their mean: up to the first the colour is the light's, from
the second on the things' own. Concrete in coloured light has .01 to .08, red brickwork .06 to .17, pictures of leaves,
people or cloth .13 and more."""
_BLOCK_PX = 8
"""Places are squares of this side: in single pixels weak colours are noise."""
_LEAST_LEVEL = 8
"""A colour that is darker on average shows nothing, and is not asked whether it differs from place to place."""
_LOOKED_AT = 256
"""Of a photo's shorter side so many px, and up to twice as many, are looked at for its mean."""

Pixels = NDArray[np.uint8]
Void = NDArray[np.bool_] | None


def out_of_coloured_light(pixels: Pixels, limit: float, void: Void = None) -> Pixels:
    """A picture, uint8 [h, w, 3] RGB, as it is to be seen: a new array, or itself where its light has no strong colour.

    limit: the ratio of its mean colours from which on it is taken for one in coloured light, above 1; 0 for never.
    void: bool [h, w], where it shows nothing and was filled: one even colour there would pass for even light.
    """
    import cv2

    if not limit:
        return pixels
    void = None if void is None or void.all() else void
    levels = _levels(pixels, void)
    share = _share_of_grey(pixels, levels, limit, void)
    if not share:
        return pixels
    grey = levels * levels.max() / (levels**2).sum()
    mixed: Any = cv2.transform(pixels, (1 - share) * np.eye(3) + share * np.tile(grey, (3, 1)))
    return np.asarray(mixed, np.uint8)


def cast(pixels: Pixels) -> float:
    """Mean of the strongest colour of a picture, uint8 [h, w, 3], over that of its weakest: 1 or more."""
    levels = _levels(pixels)
    return float(levels.max() / levels.min())


def _levels(pixels: Pixels, void: Void = None) -> NDArray[np.float64]:
    """Mean of each colour, 1 to 255: what is darker has no colour to speak of."""
    import cv2

    step = max(1, min(pixels.shape[:2]) // _LOOKED_AT)
    seen = None if void is None else (~void[::step, ::step]).astype(np.uint8)
    levels = cv2.mean(np.ascontiguousarray(pixels[::step, ::step]), seen if seen is None or seen.any() else None)[:3]
    return np.asarray(np.maximum(levels, 1.0), np.float64)


def _share_of_grey(pixels: Pixels, levels: NDArray[np.float64], limit: float, void: Void) -> float:
    """How much of the colour is to be taken out, 0 to 1."""
    strong = (float(levels.max() / levels.min()) - limit) / _FULL
    if strong <= 0:
        return 0.0
    even = (_MOTLEY - _motley(pixels, levels, void)) / (_MOTLEY - _EVEN)
    return min(strong, 1.0) * float(np.clip(even, 0.0, 1.0))


def _motley(pixels: Pixels, levels: NDArray[np.float64], void: Void) -> float:
    """How much the places of a picture differ in colour once its colours are balanced, 0 or more."""
    import cv2

    size = tuple(max(1, side // _BLOCK_PX) for side in pixels.shape[1::-1])
    places: Any = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    if void is not None:
        hidden: Any = cv2.resize(void.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA).ravel()
        # Places in the void alone have no say, nor have those at its edge, if there are others.
        places = places[hidden == hidden.min()]
    shows = (levels >= _LEAST_LEVEL) | (levels == levels.max())
    balanced = (places * (levels.max() / levels))[:, shows]
    return float((balanced.max(1) - balanced.min(1)).mean() / balanced.mean())
