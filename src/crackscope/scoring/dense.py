"""The heatmap of a whole photo."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DenseOptions:
    """How a photo goes through the network.

    memory_mib: what the pass may take beside the photo itself. coarse: leave out what a pass at half scale finds sound
    beyond doubt.
    """

    memory_mib: int = 300
    coarse: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Crack logits over a photo.

    logits: float32 [ceil(h / stride), ceil(w / stride)]; cell (i, j) covers the px from (i, j) * stride on.
    embedding: float32 [d], mean over the photo. skipped: share of the photo that only the coarse pass saw.
    tiled: the network cannot run over a photo at once; it was cut into overlapping tiles and blended.
    """

    logits: NDArray[np.float32]
    stride: int
    embedding: NDArray[np.float32]
    skipped: float = 0.0
    tiled: bool = False
