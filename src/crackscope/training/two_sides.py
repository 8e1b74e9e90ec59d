"""A batch of pictures seen from two sides, so that a network can be asked to say the same of both."""

from typing import NamedTuple

import torch
from torch import Tensor

from crackscope.training.batches import Batch


class Side(NamedTuple):
    """A quarter turn so many times, after a flip or none."""

    quarters: int
    flipped: bool

    def seen(self, planes: Tensor) -> Tensor:
        """Planes [n, h, w, ...] from this side."""
        return torch.rot90(planes.flip(2) if self.flipped else planes, self.quarters, (1, 2))

    def back(self, planes: Tensor) -> Tensor:
        """Planes [n, h, w, ...] that were seen from this side, as they were."""
        turned = torch.rot90(planes, -self.quarters, (1, 2))
        return turned.flip(2) if self.flipped else turned


def another_side(square: bool) -> Side:
    """One of the flips and turns that change a picture, by torch's own chance; pictures that are not square keep their
    sides."""
    sides = [Side(quarters, flipped) for quarters in ((0, 1, 2, 3) if square else (0, 2)) for flipped in (False, True)]
    return sides[int(torch.randint(1, len(sides), ()))]


def with_other_side(batch: Batch, side: Side) -> Batch:
    """The batch, and behind it the same pictures and masks seen from another side."""
    assert batch.masks is not None
    twice = {name: torch.cat([part, part]) for name, part in batch._asdict().items() if part is not None}
    twice["inputs"] = torch.cat([batch.inputs, side.seen(batch.inputs)])
    twice["masks"] = torch.cat([batch.masks, side.seen(batch.masks)])
    return Batch(**twice)
