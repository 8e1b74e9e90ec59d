"""What pictures show to a network that never learnt cracks, by which surfaces are told from everything else.

It learnt what things look like in pictures of 224 px. Of a large photo the single pixels show little of that, since
they are often soft and few of them fill a window; seen from afar it shows what it is of, but sharp masonry no longer
looks like such. So of a photo both are taken: the mean of four windows of it as it is, and the whole of it halved
until it fits one, counting alike. Beside nine windows alone it is mistaken half as often (docs/tries.md).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import BundleError, first_line
from crackscope.images import halved
from crackscope.scoring.crew import Share
from crackscope.scoring.runtime import open_session
from crackscope.scoring.void import bounds

WINDOW_PX, WHOLE_PX = 256, 384
"""Side of the windows of a photo that are looked at; what has a side of up to WHOLE_PX is looked at whole, that way."""

_LEAST_PX = 64
"""A strip is halved no further than to a shorter side of so many px, and seen in windows."""

_MOST_VOID = 0.5


class Features:
    """The graph of features.onnx, ready to run; safe to use from several threads."""

    def __init__(self, model: bytes, where: str = "features.onnx") -> None:
        self._session = open_session(model, where, shared=True)
        self._where = where

    def of(self, pixels: NDArray[np.uint8], share: Share, void: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Features, float32 [f], of a picture, uint8 [h, w, 3]; of one with a side above WHOLE_PX see above.

        share: runs a function on many things, several at a time. void: bool [h, w], what shows nothing; windows that
        lie in it for the most part are left out, where there are others, and of what is seen from afar all that lies
        beyond the rectangle around the rest. Raises BundleError.
        """
        near = _windows(pixels, void)
        if max(pixels.shape[:2]) <= WHOLE_PX:
            return np.asarray(np.mean(share(self._window, near), axis=0), np.float32)
        far = _windows(_from_afar(pixels, void))
        seen = share(self._window, [*far, *near])
        return np.asarray((np.mean(seen[: len(far)], axis=0) + np.mean(seen[len(far) :], axis=0)) / 2, np.float32)

    def _window(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            answers: Any = self._session.run(["features"], {"images": np.ascontiguousarray(pixels)[None]})
        except Exception as error:  # the runtime raises a dozen classes without a common base
            reason = first_line(error)[:200]
            raise BundleError(f"{self._where} cannot look at a picture of {pixels.shape[:2]} px: {reason}") from None
        return np.asarray(answers[0][0], np.float32)


def _windows(pixels: NDArray[np.uint8], void: NDArray[np.bool_] | None = None) -> list[NDArray[np.uint8]]:
    places = [(rows, columns) for rows in _parts(pixels.shape[0]) for columns in _parts(pixels.shape[1])]
    if void is not None:
        empty = [float(void[place].mean()) for place in places]
        most = max(_MOST_VOID, min(empty))
        places = [place for place, share in zip(places, empty, strict=True) if share <= most]
    return [pixels[place] for place in places]


def _from_afar(pixels: NDArray[np.uint8], void: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    if void is not None and not void.all():
        pixels = pixels[bounds(void)]
    while max(pixels.shape[:2]) > WHOLE_PX and min(pixels.shape[:2]) >= 2 * _LEAST_PX:
        pixels = halved(pixels)
    return pixels


def _parts(side: int) -> list[slice]:
    if side <= WHOLE_PX:
        return [slice(0, side)]
    # In the middle of each half, or of what is left of it: corners are where photos are dark and soft.
    middles = [side // 4, side - side // 4]
    starts = [min(max(0, middle - WINDOW_PX // 2), side - WINDOW_PX) for middle in middles]
    return [slice(start, start + WINDOW_PX) for start in starts]
