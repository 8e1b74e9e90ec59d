"""What `predict` says of a small picture, which it takes for one patch, where an inspection takes it for a photo."""

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.photo import Photo
from crackscope.scoring import Model

_LARGEST_PX = 1024
"""No picture with a longer side is asked about: patches are 200 to 500 px, and of a large photo asking would cost."""


def patch_of(model: Model, photo: Photo) -> NDArray[np.uint8] | None:
    """The picture as it is, uint8 [h, w, 3], where `predict` takes it for one patch; None for others."""
    framed = photo.void is not None and model.manifest.verdict.kind == "conformal"
    if framed or max(photo.shape) > _LARGEST_PX:
        return None
    pixels = photo.upright()
    return pixels if model.score(pixels).tiles == 1 else None
