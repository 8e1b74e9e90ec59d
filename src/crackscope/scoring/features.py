"""What pictures show to a network that never learnt cracks, by which surfaces are told from everything else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import BundleError
from crackscope.scoring.crew import Share
from crackscope.scoring.runtime import open_session

WINDOW_PX, WHOLE_PX = 256, 384
"""Side of the windows of a photo that are looked at; what has a side of up to WHOLE_PX is looked at whole, that way."""

MOST_A_SIDE = 3
"""Windows a side: nine take as long as the network does over half a megapixel."""

_MOST_VOID = 0.5


class Features:
    """The graph of features.onnx, ready to run; safe to use from several threads."""

    def __init__(self, model: bytes, where: str = "features.onnx") -> None:
        self._session = open_session(model, where)
        self._where = where

    def of(self, pixels: NDArray[np.uint8], share: Share, void: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Features, float32 [f], of a picture, uint8 [h, w, 3], the mean of its windows.

        share: runs a function on many things, several at a time. void: bool [h, w], what shows nothing; windows that
        lie in it for the most part are left out, where there are others. Raises BundleError.
        """
        return np.asarray(np.mean(share(self._window, _windows(pixels, void)), axis=0), np.float32)

    def _window(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            answers: Any = self._session.run(["features"], {"images": np.ascontiguousarray(pixels)[None]})
        except Exception as error:  # the runtime raises a dozen classes without a common base
            reason = str(error).splitlines()[0][:200]
            raise BundleError(f"{self._where} cannot look at a picture of {pixels.shape[:2]} px: {reason}") from None
        return np.asarray(answers[0][0], np.float32)


def _windows(pixels: NDArray[np.uint8], void: NDArray[np.bool_] | None) -> list[NDArray[np.uint8]]:
    places = [(rows, columns) for rows in _parts(pixels.shape[0]) for columns in _parts(pixels.shape[1])]
    if void is not None:
        empty = [float(void[place].mean()) for place in places]
        most = max(_MOST_VOID, min(empty))
        places = [place for place, share in zip(places, empty, strict=True) if share <= most]
    return [pixels[place] for place in places]


def _parts(side: int) -> list[slice]:
    if side <= WHOLE_PX:
        return [slice(0, side)]
    count = min(MOST_A_SIDE, max(2, side // WINDOW_PX))
    starts = np.linspace(0, side - WINDOW_PX, count).round().astype(int)
    return [slice(start, start + WINDOW_PX) for start in starts.tolist()]
