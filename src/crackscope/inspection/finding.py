"""The cracks that the looks at one photo found.

Up close a gaping crack is two lips, each a thin crack beside a dark field. Where a look from afar shows the one crack,
it takes the place of its lips; what else was found up close stays beside it. What takes whose place by a smaller copy
is told in `softness.py`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.afar import Enlarging
from crackscope.inspection.groups import pixels_of
from crackscope.inspection.mask import Cracks
from crackscope.inspection.zones import Traced

GAPING_PX = 40.0
"""Width, the 95th percentile along it, from which on a crack that a look from afar shows counts beside those that were
found up close: thinner ones the network knows there."""

_KNOWN_SHARE = 0.5
"""Share of such a crack's lines that run through what was found up close, from which on it was found there, too, where
it is measured better. Of drawn cracks of 40 to 160 px it is .94 to 1 where the dark between the lips was filled, .06 at
most where it was not; of a branching one 12 px wide, which from afar looked twice as wide and often wider than
`GAPING_PX`, .76 to .78. Of its pixels it was .42 to .53, and what was told of it a matter of luck."""

_LIP_PX = 24
"""So far beside a gaping crack its lips are marked."""

_LIP_SHARE = 0.5
"""Share of a zone's lines that lies there from which on the zone is a lip."""


class Part(NamedTuple):
    """What one look found. traced: in px of the photo as it is seen. enlarging: from the pixels of the cracks to the
    photo's; None where they are the photo's. complete: whether these are all zones that the cracks have. times: how
    many times smaller than the photo what was looked at is."""

    cracks: Cracks
    traced: tuple[Traced, ...]
    enlarging: Enlarging | None = None
    complete: bool = True
    times: int = 1

    def of(self, zones: tuple[Traced, ...]) -> "Part":
        """The same with some of its zones."""
        return self._replace(traced=zones, complete=self.complete and len(zones) == len(self.traced))

    def mask(self, least_probability: float) -> NDArray[np.bool_]:
        """The pixels of the photo, bool [h, w], that belong to zones as likely as that, or, where all zones are and
        none was left out, to any crack."""
        likely = [one.owners for one in self.traced if one.zone.probability >= least_probability]
        mask = self.cracks.mask
        if least_probability or not self.complete:
            mask = pixels_of(mask, self.cracks.groups, frozenset[int]().union(*likely))
        return mask if self.enlarging is None else self.enlarging.mask(mask)


class Found(NamedTuple):
    """What all looks found."""

    parts: tuple[Part, ...]

    @property
    def traced(self) -> tuple[Traced, ...]:
        """The zones, in px of the photo as it is seen."""
        return tuple(one for part in self.parts for one in part.traced)

    def mask(self, least_probability: float = 0.0) -> NDArray[np.bool_]:
        """The pixels of the photo as it is seen, bool [h, w], that belong to zones as likely as that."""
        masks = (part.mask(least_probability) for part in self.parts)
        mask = next(masks)
        for other in masks:
            # Of 100 megapixels each takes 95 MiB.
            mask = np.logical_or(mask, other, out=None if mask is self.parts[0].cracks.mask else mask)
        return mask


def with_gaping(near: Found, far: Part) -> Found:
    """What was found up close, with the gaping cracks that were found from afar in the place of their lips."""
    gaping = [one for one in far.traced if one.zone.width_p95_px.value >= GAPING_PX]
    if not gaping:
        return near
    # From afar a line is told to about a pixel of the copy.
    known = _grown(near.mask(), far.times)
    wide = tuple(one for one in gaping if _share_in(one, known) < _KNOWN_SHARE)
    del known
    if not wide:
        return near
    far = far._replace(traced=wide, complete=False)
    around = _grown(far.mask(0.0), _LIP_PX)
    beside = (part.of(tuple(one for one in part.traced if _share_in(one, around) < _LIP_SHARE)) for part in near.parts)
    return Found((*beside, far))


def enlarged(part: Part, small: tuple[int, int], large: tuple[int, int]) -> Part:
    """What was found in a smaller copy of a photo, (h, w) px each, in the photo."""
    enlarging = Enlarging(small, large)
    return part._replace(traced=tuple(enlarging.traced(one) for one in part.traced), enlarging=enlarging)


def _grown(mask: NDArray[np.bool_], px: int) -> NDArray[np.uint8]:
    """Pixels, bool [h, w], and so many px around them: not 0."""
    import cv2

    size = 2 * px + 1
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((size, size), np.uint8)), np.uint8)


def _share_in(traced: Traced, around: NDArray[np.uint8]) -> float:
    """Of the points of a zone's lines, those where an array uint8 [h, w] is not 0."""
    lines = [np.asarray(line, np.float64).reshape(-1, 2) for line in traced.zone.centreline]
    columns, rows = np.rint(np.concatenate(lines)).astype(int).T
    return float(np.count_nonzero(around[rows, columns]) / len(rows))
