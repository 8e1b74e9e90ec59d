"""What travels between rooms: frozen records with units in their names.

Paths in records are strings, as the user wrote them or absolute; they become a `Path` where a file is opened.
"""

from typing import Literal

import msgspec

from crackscope.brief import brief
from crackscope.errors import ImageError

Label = Literal["crack", "sound"]
Part = Literal["train", "val", "test"]
Verdict = Literal["crack", "sound", "cannot judge"]

LABELS: tuple[Label, Label] = ("sound", "crack")
"""Index 0 is sound, index 1 is crack: everywhere, in logits, confusion matrices and files."""


PARTS: tuple[Part, Part, Part] = ("train", "val", "test")
"""In the order in which they are dealt and told."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled picture.

    path: absolute path of the picture. mask: absolute path of its mask, or None.
    group: rows of one group stay on one side of a split; "" means a group of its own.
    part: None until split. surface: free text, "" when unknown.
    """

    path: str
    label: Label
    part: Part | None = None
    group: str = ""
    mask: str | None = None
    surface: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a picture could not be read: `kind` is one of `errors.ImageErrorKind`."""

    kind: str
    message: str


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that could not be read. Written as `{"path", "error": {"kind", "message"}}`."""

    path: str
    error: Failure

    @classmethod
    def of(cls, path: str, error: ImageError) -> "Unread":
        """The picture at this path, by the error that reading it raised."""
        return cls(path=path, error=Failure(kind=error.kind, message=str(error)))


Point = tuple[float, float]
"""x and y in px of the photo after the EXIF turn; (0, 0) is the centre of the first pixel."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value and where the true one lies with a chance of 95 %."""

    value: float
    low: float
    high: float


NORMAL_95 = 1.959963984540054
"""Within so many standard deviations to either side lie 95 % of a normal distribution."""


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One connected crack in a photo, with its measures. Lengths in px of the photo, in mm where its scale is known.

    number: 1 for the widest in the photo, however probable. probability: of crack, 0 to 1. outline: closed rings around
    the crack's pixels, a quarter of a pixel within their border, without the first point again. centreline: open lines,
    a branch each.
    box: left, top, width, height. orientation_deg: main direction, 0 along the rows, 90 upright, counted
    anticlockwise as seen, 0 to 180. branches: points where the centre line parts.
    length_*: of all branches; of thin ones with the turns that a blurred photo hides allowed for, so up to 8 % more
    than the centre line drawn. width_*: across the crack, from the grey profile; the largest is told half way between
    the 95th percentile and the largest that some px along the crack reach. Median, 95th percentile and largest ascend,
    and so do the lower and the upper ends of their intervals. width_class: the limits in mm that the largest width lies
    between, such as "0.2-0.3"; "" without a scale.
    widest_at: where the crack is widest, a point of its centre line; None in findings of earlier versions.
    holes: closed rings around what the crack encloses and is not crack, from 25 px on; less is a gap in the mask rather
    than a slab. They run a quarter of a pixel within the hole's border: what the outline lacks of the crack they add,
    so that the outline's area less theirs is nearest to area_px. As they are seen, the crack is on the left of all its
    rings: outlines run anticlockwise, holes clockwise.
    """

    number: int
    probability: float
    outline: tuple[tuple[Point, ...], ...]
    centreline: tuple[tuple[Point, ...], ...]
    box: tuple[int, int, int, int]
    area_px: int
    orientation_deg: float
    branches: int
    length_px: float
    width_mean_px: Estimate
    width_median_px: Estimate
    width_p95_px: Estimate
    width_max_px: Estimate
    length_mm: float | None = None
    width_mean_mm: Estimate | None = None
    width_median_mm: Estimate | None = None
    width_p95_mm: Estimate | None = None
    width_max_mm: Estimate | None = None
    width_class: str = ""
    holes: tuple[tuple[Point, ...], ...] = ()
    widest_at: Point | None = None

    __repr__ = brief


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when a photo was taken, from its EXIF block, or where the centre of a GeoTIFF lies; None where it does
    not say.

    latitude, longitude: degrees, WGS 84, north and east positive. altitude_m: above sea level. direction_deg: where
    the camera looked, clockwise from north. taken: local time, ISO 8601. doubt: why a georeference gives no position,
    else "".
    """

    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    direction_deg: float | None = None
    taken: str | None = None
    doubt: str = ""


class Georeference(msgspec.Struct, frozen=True, kw_only=True):
    """Where each pixel of a photo lies, as its file says.

    affine: (a, b, x, c, d, y): what lies at (column, row), px from the centre of the photo's first pixel, lies
    a * column + b * row + x east and c * column + d * row + y north. utm_zone: of which these are metres, 1 to 60, on
    WGS 84; 0 where they are degrees of longitude and latitude. south: of a zone, its southern half.
    """

    affine: tuple[float, float, float, float, float, float]
    utm_zone: int = 0
    south: bool = False


class PhotoScale(msgspec.Struct, frozen=True, kw_only=True):
    """How large a pixel of a photo is on the surface. source: flag, table, marker, distance or georeference.

    mm_per_px: at the middle of the photo. relative_error: one standard deviation of it as a share, 0 where unknown.
    homography: the nine numbers, row by row, that take px to mm on the surface, where a marker gave the perspective.
    """

    mm_per_px: float
    source: str
    relative_error: float = 0.0
    homography: tuple[float, ...] | None = None


SUSPICIOUS = 0.5
"""Probability of crack from which on a picture that is called sound is to be looked at again."""

COMMON = 0.5
"""Chance of a sound photo to show as much from which on that is no reason to look at one again."""


def suspicious(verdict: Verdict, probability: float, chance: float | None = None) -> bool:
    """Whether a picture is called sound though something in it looks rather like a crack: for a person to look at.

    chance: that a sound photo of its size shows as much, 0 to 1; None where it is not known, and says nothing.
    """
    return verdict == "sound" and probability >= SUSPICIOUS and (chance is None or chance < COMMON)


BLURRED = "blurred"
"""How the reason begins for which a picture cannot be judged whose edges are too wide."""
UNLIKE_ANY_SURFACE = "unlike any surface that the bundle has learnt from"
"""Why a picture cannot be judged that looks like nothing which was learnt: a surface that can be taught, or none."""


MOST_PAGES = 10_000
"""Pages of a file are counted up to here."""


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one photo.

    probability: of crack anywhere in it, 0 to 1. reason: why it cannot be judged, else "". width, height: px after the
    EXIF turn. crack_share: of the pixels. thinnest_px: the width from which on cracks may be expected to be found, from
    the photo's sharpness and noise, at least 1; thinner ones are found by luck; None where it cannot be judged.
    scale_doubt: why there is no scale though one was asked for, or the photo or its file has one, or why some of its
    zones have no mm though there is one, and what to do; else "". georeference: where its pixels lie; None where the
    file does not say, or in a system that is not turned into latitude and longitude. skipped: share of the photo that
    the coarse pass left out. seconds: of each step, by name. surface: the known surface as which it was judged, "" for
    none and where it cannot be judged. pages: of the file, the first of which this is. bits: as how many its 16 were
    read, where it uses no more, else 0. halved: verdict and probability are of the photo at half size, where it showed
    more. from_afar: of the photo at a size so many times smaller, where a crack wider than those that the network knows
    showed, and its zones were measured; else 0. chance: that a sound photo of its size shows as much, 0 to 1, by which
    a photo is called cracked or sound; None where that is not known, or the photo cannot be judged. left_out: zones
    that were less likely than was asked for. in_grey: its light has a strong colour, which was taken out before the
    network saw it.
    """

    path: str
    verdict: Verdict
    probability: float
    width: int
    height: int
    zones: tuple[Zone, ...] = ()
    reason: str = ""
    crack_share: float = 0.0
    sharpness_px: float = 0.0
    noise: float = 0.0
    thinnest_px: float | None = None
    scale: PhotoScale | None = None
    scale_doubt: str = ""
    place: Place = Place()
    georeference: Georeference | None = None
    skipped: float = 0.0
    seconds: dict[str, float] = {}
    surface: str = ""
    pages: int = 1
    bits: int = 0
    halved: bool = False
    from_afar: int = 0
    chance: float | None = None
    left_out: int = 0
    in_grey: bool = False

    __repr__ = brief

    @property
    def suspicious(self) -> bool:
        """Called sound, though something in it looks rather like a crack: for a person to look at."""
        return suspicious(self.verdict, self.probability, self.chance)

    @property
    def crack_like(self) -> bool:
        """Cannot be judged, though something in it looks rather like a crack: for a person to look at first."""
        return self.verdict == "cannot judge" and self.probability >= SUSPICIOUS


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of one picture.

    probability: of crack, 0 to 1, calibrated as the bundle says. width, height: pixels as decoded, after the EXIF turn.
    seconds: decoding and network, of this picture alone. tiles: how many pieces were scored (1: the whole at once).
    reason: why it cannot be judged, else "". surface: the known surface that decided most how its score was read, ""
    for none and where it cannot be judged. pages: of the file, the first of which this is. bits: as how many its 16
    were read, where it uses no more, else 0. halved: verdict and probability are of the photo at half size, where it
    showed more than as it is; from_afar: of the photo at a size so many times smaller, where one with a
    wide crack did; else 0. chance: that a sound photo of its size shows as much, 0 to 1, by which photos are called
    cracked or sound; None for patches, which are called by their probability, and where it is not known or the picture
    cannot be judged. threshold: the probability from which on this very picture is called cracked; None for photos that
    are called by their chance, and where it cannot be judged. in_grey: its light has a strong colour, which was taken
    out before the network saw it.
    """

    path: str
    verdict: Verdict
    probability: float
    width: int
    height: int
    seconds: float
    tiles: int = 1
    reason: str = ""
    surface: str = ""
    pages: int = 1
    bits: int = 0
    halved: bool = False
    from_afar: int = 0
    chance: float | None = None
    threshold: float | None = None
    in_grey: bool = False

    @property
    def suspicious(self) -> bool:
        """Called sound, though something in it looks rather like a crack: for a person to look at."""
        return suspicious(self.verdict, self.probability, self.chance)

    @property
    def crack_like(self) -> bool:
        """Cannot be judged, though something in it looks rather like a crack: for a person to look at first."""
        return self.verdict == "cannot judge" and self.probability >= SUSPICIOUS


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % interval; None where the figure is not defined (one class only, say)."""

    value: float | None
    low: float | None
    high: float | None
