"""One photo: read, seen by the network, judged, and where it is cracked, masked and measured."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO, IOBase
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest
from crackscope.errors import BundleError, InspectionError
from crackscope.images import (
    DEFAULT_LIMITS,
    Limits,
    Picture,
    Source,
    read,
    read_file,
    read_header,
    read_optics,
    read_place,
)
from crackscope.inspection.groups import pixels_of
from crackscope.inspection.mask import MaskOptions, find_cracks
from crackscope.inspection.scale import Focal, Ruler, Scaling, find_ruler, focal_length, zone_in_mm
from crackscope.inspection.thinnest import thinnest_seen
from crackscope.inspection.upright import upright_heat, upright_zone
from crackscope.inspection.width_classes import DEFAULT_LIMITS_MM, checked_limits
from crackscope.inspection.zones import ZoneOptions, numbered, trace_zones
from crackscope.records import Inspected, PhotoScale, Place, Zone
from crackscope.scoring import DenseOptions, Facing, Heatmap, Judgement, Model, facing_of, kept, known_chance


class InspectOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How photos are inspected; everything that changes a finding is here.

    false_alarms: share of the sound photos that may be called cracked, between 0 and 1. coarse: leave out what a pass
    at half scale finds sound beyond doubt. all_zones: keep the zones of photos that are not judged cracked too.
    least_probability: leave out the zones of a lower one, 0 to 1; the others keep their numbers, the verdict stays.
    scaling: what is known of the scale. limits_mm: between the classes of width. memory_mib: for the dense pass.
    Raises InspectionError for a rate, a probability or limits that make no sense.
    """

    false_alarms: float = 0.05
    coarse: bool = False
    all_zones: bool = False
    least_probability: float = 0.0
    scaling: Scaling = Scaling()
    limits_mm: tuple[float, ...] = DEFAULT_LIMITS_MM
    memory_mib: int = 160

    def __post_init__(self) -> None:
        checked_limits(self.limits_mm)
        if not 0 < self.false_alarms < 1:
            raise InspectionError(f"the rate of false alarms must lie between 0 and 1, not {self.false_alarms:g}")
        if not 0 <= self.least_probability <= 1:
            raise InspectionError(
                f"the least probability of a zone lies from 0 to 1, not at {self.least_probability:g}"
            )

    @property
    def dense(self) -> DenseOptions:
        """How a photo goes through the network."""
        return DenseOptions(memory_mib=self.memory_mib, coarse=self.coarse)


DEFAULTS = InspectOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo as it was read: its pixels, what it is called, and what its EXIF block says.

    focal: None where EXIF does not tell the focal length in px. seconds: that reading it took.
    """

    picture: Picture
    path: str
    place: Place
    focal: Focal | None
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A photo that went through the network, and what was said of it as a whole.

    facing: how it was turned before. pixels: uint8 [h, w, 3], the photo so turned, which heat is of, too. ruler: of the
    photo as it is.
    """

    photo: Photo
    facing: Facing
    pixels: NDArray[np.uint8]
    heat: Heatmap
    judgement: Judgement
    ruler: Ruler | None
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What was found, and what it was found from, in the photo as it is.

    mask: bool [h, w], the crack pixels of the zones in the record.
    """

    record: Inspected
    pixels: NDArray[np.uint8]
    heat: Heatmap
    mask: NDArray[np.bool_]


def inspect(
    source: Source, *, bundle: str | Path | Model | None = None, options: InspectOptions = DEFAULTS
) -> Inspected:
    """Say where a photo is cracked, how long and how wide.

    source: a path, bytes, an open file, an array uint8 [h, w, 3] or a Pillow image. bundle: a folder, a loaded model,
    None for the one in the package. A photo judged `sound` has no zones, since what lights up in it lies below the
    rate of false alarms that was asked for, nor has one that cannot be judged; `all_zones` keeps them.
    Raises ImageError when the photo cannot be read, BundleError when the bundle cannot be used.
    """
    model = bundle if isinstance(bundle, Model) else kept(bundle)
    return inspect_photo(model, open_photo(source), options).record


def open_photo(source: Source, limits: Limits = DEFAULT_LIMITS) -> Photo:
    """Read a photo, no larger than the limits, with what its EXIF block says of place and lens. Raises ImageError."""
    begin = time.perf_counter()
    held = _kept(source, limits) if isinstance(source, IOBase) else source
    picture = read(held, limits)
    path = str(source) if isinstance(source, (str, Path)) else picture.name
    optics, stored = read_optics(held), read_header(held, limits)
    focal = focal_length(optics, (stored.width, stored.height))
    return Photo(picture, path, read_place(held), focal, time.perf_counter() - begin)


def _kept(stream: IOBase, limits: Limits) -> BytesIO:
    """A stream, which may be read only once, as one that may be read again."""
    kept = BytesIO(read_file(stream, limits))
    kept.name = getattr(stream, "name", "")
    return kept


def inspect_photo(model: Model, photo: Photo, options: InspectOptions = DEFAULTS) -> Inspection:
    """Inspect a photo that has been read."""
    return measure(see(model, photo, options), model.manifest, options, model.threads)


def see(model: Model, photo: Photo, options: InspectOptions) -> Seen:
    """The first half: the network, the scale and the verdict, in as many threads as the model has."""
    clock, upright = _Clock(), photo.picture.pixels
    with clock("turn"):
        facing = facing_of(upright)
        pixels = facing.turned(upright)
    with clock("network"):
        heat = model.heatmap(pixels, options=options.dense)
    with clock("scale"):
        ruler = find_ruler(options.scaling, photo.path, upright, photo.focal)
    heat = without_marker(heat, ruler, facing, upright.shape)
    with clock("verdict"):
        judgement = model.judge(heat, pixels, options.false_alarms, options=options.dense)
    return Seen(photo, facing, pixels, heat, judgement, ruler, {"read": photo.seconds, **clock.seconds})


def measure(seen: Seen, manifest: Manifest, options: InspectOptions, threads: int = 1) -> Inspection:
    """The second half: mask, zones and measures, without the network.

    manifest: of the bundle, for its mask threshold and its calibration.
    """
    clock, judged, pixels, upright = _Clock(), seen.judgement, seen.pixels, seen.photo.picture.pixels
    ruler = None if seen.ruler is None or seen.ruler.doubt else seen.ruler
    mask: NDArray[np.bool_] = np.zeros(pixels.shape[:2], np.bool_)
    zones: tuple[Zone, ...] = ()
    found = 0
    if judged.verdict == "crack" or options.all_zones:
        with clock("mask"):
            cracks = find_cracks(pixels, seen.heat, manifest.mask_threshold, MaskOptions(threads=threads))
        with clock("zones"):
            tracing = trace_zones(pixels, cracks, seen.heat, judged.quality, _calibrated(manifest))
            traced, mask = [upright_zone(one, seen.facing, upright.shape) for one in tracing.zones], tracing.mask
            zones = numbered(one.zone if ruler is None else zone_in_mm(one, ruler, options.limits_mm) for one in traced)
            found = len(zones)
            if options.least_probability:
                zones = tuple(zone for zone in zones if zone.probability >= options.least_probability)
                likely = [one.owners for one in traced if one.zone.probability >= options.least_probability]
                mask = pixels_of(mask, cracks.groups, frozenset[int]().union(*likely))
    mask = seen.facing.back(mask)
    record = _record(seen, zones, mask, None if ruler is None else ruler.scale)
    record = msgspec.structs.replace(
        record,
        chance=known_chance(manifest, judged),
        left_out=found - len(zones),
        seconds={**seen.seconds, **clock.seconds},
    )
    return Inspection(record, upright, upright_heat(seen.heat, seen.facing, upright.shape), mask)


def without_marker(heat: Heatmap, ruler: Ruler | None, facing: Facing, shape: tuple[int, ...]) -> Heatmap:
    """The heatmap with what lights up on a printed marker put out: its black lines are not the surface's cracks.

    facing: from which side the photo of (h, w, ...) px, which the ruler is of, was seen.
    """
    if ruler is None or ruler.plane is None:
        return heat
    rows, columns = heat.logits.shape
    across = (np.arange(columns) + 0.5) * heat.stride - 0.5
    down = (np.arange(rows) + 0.5) * heat.stride - 0.5
    places = facing.places_back(np.stack(np.meshgrid(across, down), -1).reshape(-1, 2), shape)
    return heat.without(ruler.plane.covers(places).reshape(rows, columns))


def _calibrated(manifest: Manifest) -> ZoneOptions:
    return ZoneOptions(logit_scale=manifest.calibration.scale, logit_shift=manifest.calibration.shift)


def _record(seen: Seen, zones: tuple[Zone, ...], mask: NDArray[np.bool_], scale: PhotoScale | None) -> Inspected:
    judged, picture = seen.judgement, seen.photo.picture
    if not math.isfinite(judged.probability):
        raise BundleError(f"the network gives no number for {seen.photo.path}: train it again, or take another bundle")
    return Inspected(
        path=seen.photo.path,
        verdict=judged.verdict,
        probability=judged.probability,
        width=picture.width,
        height=picture.height,
        zones=zones,
        reason=judged.reason,
        crack_share=float(np.count_nonzero(mask) / mask.size),
        sharpness_px=judged.quality.sharpness_px,
        noise=judged.quality.noise,
        thinnest_px=thinnest_seen(judged.quality),
        scale=scale,
        scale_doubt="" if seen.ruler is None else seen.ruler.doubt,
        place=seen.photo.place,
        skipped=seen.heat.skipped,
        surface=judged.surface,
        pages=seen.photo.picture.pages,
        halved=judged.halved,
    )


@dataclass(slots=True)
class _Clock:
    """Wall time of each step, by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - begin
