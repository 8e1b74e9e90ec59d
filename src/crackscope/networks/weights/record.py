"""What a weights file holds once it is read: arrays under the file's own names, and the facts to obey."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Weights:
    """The tensors of one file.

    tensors: arrays under the file's own names ("block_1_expand/kernel", "layer1.0.conv1.weight", ...), any float dtype.
    family: keras, torchvision, tf-slim, timm, or crackscope for a network that we saved.
    source: the path or address they came from, for messages. sha256: of the file's bytes, hex.
    folded: batch norms are folded into the convolutions before them. metadata: of the file's header.
    head: tensors of the head that came with them, in a bundle.
    """

    tensors: Mapping[str, np.ndarray]
    family: str
    source: str
    sha256: str
    folded: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    head: Mapping[str, np.ndarray] = field(default_factory=dict)
