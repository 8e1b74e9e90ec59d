"""One photo: read, seen by the network, judged, and where it is cracked, masked and measured."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import record, refuse_wrong
from crackscope.brief import brief
from crackscope.bundles import Bundle, Manifest
from crackscope.errors import BundleError
from crackscope.images import Source
from crackscope.inspection.afar import with_afar
from crackscope.inspection.finding import Found, Part, enlarged, with_gaping
from crackscope.inspection.mask import MaskOptions, find_cracks
from crackscope.inspection.options import DEFAULTS, InspectOptions
from crackscope.inspection.photo import Photo, open_photo
from crackscope.inspection.scale import Ruler, beyond, find_ruler, zone_in_mm
from crackscope.inspection.scaling import Scaling
from crackscope.inspection.softness import smaller_looks, with_wide
from crackscope.inspection.thinnest import thinnest_seen
from crackscope.inspection.upright import upright_heat, upright_zone
from crackscope.inspection.zones import ZoneOptions, numbered, trace_zones
from crackscope.records import Inspected, PhotoScale, Zone
from crackscope.scoring import LOADED, Heatmap, Judgement, Look, Model, kept, known_chance, smaller

OPENED = record(Photo, "crackscope.inspection.open_photo(...)")
"""A photo as an argument."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A photo that went through the network, and what was said of it as a whole.

    heat: of its pixels as they are seen. ruler: of the photo as it is. scale_doubt: as in `Inspected`. soft: smaller
    copies in which wide cracks may be measured, by how many times smaller they are.
    """

    photo: Photo
    heat: Heatmap
    judgement: Judgement
    ruler: Ruler | None
    seconds: dict[str, float]
    scale_doubt: str = ""
    soft: Mapping[int, Look] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What was found in a photo as it is.

    mask: bool [h, w], the crack pixels of the zones in the record. soft: how many times smaller the copies of the
    photo are in which zones were measured.
    """

    record: Inspected
    photo: Photo
    heat: Heatmap
    mask: NDArray[np.bool_]
    soft: tuple[int, ...] = ()

    __repr__ = brief


def inspect(
    source: Source, *, bundle: str | Path | Bundle | Model | None = None, options: InspectOptions = DEFAULTS
) -> Inspected:
    """Say where a photo is cracked, how long and how wide.

    source: a path, bytes, an open file, an array uint8 [h, w, 3] or a Pillow image. bundle: as `scoring.load` takes it,
    None for the one in the package. A photo judged `sound` has no zones, since what lights up in it lies below the
    rate of false alarms that was asked for, nor has one that cannot be judged; `all_zones` keeps them.
    Raises ImageError when the photo cannot be read, BundleError when the bundle cannot be used.
    """
    refuse_wrong(options=(options, record(InspectOptions)))
    return inspect_photo(kept(bundle), open_photo(source), options).record


def inspect_photo(model: Model, photo: Photo, options: InspectOptions = DEFAULTS) -> Inspection:
    """Inspect a photo that has been read. Raises TypeError for what is no model, photo or InspectOptions."""
    refuse_wrong(model=(model, LOADED), photo=(photo, OPENED), options=(options, record(InspectOptions)))
    return measure(see(model, photo, options), model.manifest, options, model.threads)


def see(model: Model, photo: Photo, options: InspectOptions) -> Seen:
    """The first half: the network, the scale and the verdict, in as many threads as the model has."""
    clock = _Clock()
    with clock("network"):
        photo = photo.in_plain_light(model)
        heat = model.heatmap(photo.pixels, options=options.dense, void=photo.hidden)
    with clock("scale"):
        ruler = _ruler(options.scaling, photo)
    heat = without_marker(heat, ruler, photo)
    with clock("verdict"):
        judgement = model.judge(heat, photo.pixels, options.false_alarms, options=options.dense, void=photo.hidden)
    soft: dict[int, Look] = {}
    if _measured(judgement, options) and not _from_afar_alone(judgement):
        with clock("network"):
            soft.update(smaller_looks(model, heat, photo, judgement, options.dense))
    seconds = {"read": photo.seconds, **clock.seconds}
    return Seen(photo, heat, judgement, ruler, seconds, _scale_doubt(options.scaling, ruler, photo), soft)


def _ruler(scaling: Scaling, photo: Photo) -> Ruler | None:
    # Mirrored, a marker is none; nothing else looks at the pixels. Held no longer than that: it may be a second copy.
    pixels = photo.pixels if scaling.marker_mm is None else photo.upright()
    return find_ruler(scaling, photo.path, pixels, photo.focal, photo.ground)


def _scale_doubt(scaling: Scaling, ruler: Ruler | None, photo: Photo) -> str:
    if ruler is not None:
        return ruler.doubt
    return scaling.missing if scaling.known or photo.ground is None else photo.ground.scale_doubt


def measure(seen: Seen, manifest: Manifest, options: InspectOptions, threads: int = 1) -> Inspection:
    """The second half: mask, zones and measures, without the network.

    manifest: of the bundle, for its mask threshold and its calibration.
    """
    clock, judged, photo = _Clock(), seen.judgement, seen.photo
    ruler = None if seen.ruler is None or seen.ruler.doubt else seen.ruler
    mask: NDArray[np.bool_] = np.zeros(photo.pixels.shape[:2], np.bool_)
    zones: tuple[Zone, ...] = ()
    found, soft = 0, tuple[int, ...]()
    if _measured(judged, options):
        looks = _found(seen, manifest, threads, clock)
        with clock("zones"):
            traced = [upright_zone(one, photo) for one in looks.traced]
            zones = numbered(one.zone if ruler is None else zone_in_mm(one, ruler, options.limits_mm) for one in traced)
            found = len(zones)
            zones = tuple(zone for zone in zones if zone.probability >= options.least_probability)
            soft = tuple(part.times for part in looks.parts if part.times in seen.soft)
        with clock("mask"):
            mask = looks.mask(options.least_probability)
            del looks  # It may hold another as large as this one.
            if photo.void is not None:
                mask &= photo.void == 0
    mask = photo.facing.inverse.turned_over(mask)
    record = _record(seen, zones, mask, None if ruler is None else ruler.scale)
    record = msgspec.structs.replace(
        record,
        chance=known_chance(manifest, judged),
        scale_doubt=seen.scale_doubt if ruler is None else beyond(zones),
        left_out=found - len(zones),
        seconds={**seen.seconds, **clock.seconds},
    )
    shown = shown_heat(seen.heat, judged, zones_from(judged), (seen.soft[times] for times in soft))
    return Inspection(record, photo, upright_heat(shown, photo), mask, soft)


def _measured(judged: Judgement, options: InspectOptions) -> bool:
    return judged.verdict == "crack" or options.all_zones


def _from_afar_alone(judged: Judgement) -> bool:
    """Whether a photo shows its cracks from afar alone."""
    return judged.verdict == "crack" and bool(judged.from_afar) and not judged.gaping


def _found(seen: Seen, manifest: Manifest, threads: int, clock: "_Clock") -> Found:
    """The cracks of a photo, by the looks that its verdict rests on.

    Where a sound one is suspicious from afar alone, gaping cracks join what shows up close, as beside a crack.
    """

    def by(look: Look, times: int) -> Part:
        pixels = smaller(seen.photo.pixels, times)
        with clock("mask"):
            cracks = find_cracks(pixels, look.heat, manifest.mask_threshold, MaskOptions(threads=threads))
        with clock("zones"):
            zones = trace_zones(pixels, cracks, look.heat, look.quality, _calibrated(manifest, times))
        part = Part(cracks, zones, times=times)
        return part if times == 1 else enlarged(part, look.shape, shape)

    judged, shape = seen.judgement, (seen.photo.pixels.shape[0], seen.photo.pixels.shape[1])
    times = zones_from(judged)
    afar = by(judged.afar[times], times) if times else None
    if afar is not None and _from_afar_alone(judged):
        return Found((afar,))
    near = Found((by(Look(seen.heat, judged.quality, shape), 1),))
    for smaller_by, look in seen.soft.items():
        near = with_wide(near, by(look, smaller_by), judged.quality.sharpness_px)
    return near if afar is None else with_gaping(near, afar)


def zones_from(judged: Judgement) -> int:
    """How many times smaller the photo was in the look from afar that has a say in its zones; 0 for none."""
    return judged.gaping or judged.from_afar


def shown_heat(heat: Heatmap, judged: Judgement, times: int, soft: Iterable[Look] = ()) -> Heatmap:
    """The heatmap of a photo as it was judged, with what a look so many times smaller saw; 0 for none.

    soft: looks at smaller copies, in which zones were measured.
    """
    afar = judged.afar.get(times)
    for look in (*soft, *([] if afar is None else [afar])):
        heat = with_afar(heat, look.heat)
    return heat


def without_marker(heat: Heatmap, ruler: Ruler | None, photo: Photo) -> Heatmap:
    """The heatmap of a photo as it is seen with what lights up on a printed marker put out: its black lines are not the
    surface's cracks."""
    if ruler is None or ruler.plane is None:
        return heat
    rows, columns = heat.logits.shape
    across = (np.arange(columns) + 0.5) * heat.stride - 0.5
    down = (np.arange(rows) + 0.5) * heat.stride - 0.5
    places = photo.facing.places_back(np.stack(np.meshgrid(across, down), -1).reshape(-1, 2), photo.shape)
    return heat.without(ruler.plane.covers(places).reshape(rows, columns))


def _surface_px(photo: Photo) -> int:
    return photo.pixels[..., 0].size if photo.void is None else int(np.count_nonzero(photo.void == 0))


def _calibrated(manifest: Manifest, times: int = 1) -> ZoneOptions:
    fitted = manifest.calibration
    return ZoneOptions(logit_scale=fitted.scale, logit_shift=fitted.shift, times=times)


def _record(seen: Seen, zones: tuple[Zone, ...], mask: NDArray[np.bool_], scale: PhotoScale | None) -> Inspected:
    judged, photo = seen.judgement, seen.photo
    height, width = photo.shape
    if not math.isfinite(judged.probability):
        raise BundleError(f"the network gives no number for {photo.path}: train it again, or take another bundle")
    return Inspected(
        path=photo.path,
        verdict=judged.verdict,
        probability=judged.probability,
        width=width,
        height=height,
        zones=zones,
        reason=judged.reason,
        crack_share=float(np.count_nonzero(mask) / _surface_px(photo)),
        sharpness_px=judged.quality.sharpness_px,
        noise=judged.quality.noise,
        thinnest_px=None if judged.reason else thinnest_seen(judged.quality),
        scale=scale,
        scale_doubt=seen.scale_doubt,
        place=photo.place,
        georeference=None if photo.ground is None else photo.ground.georeference,
        skipped=seen.heat.skipped,
        surface=judged.surface,
        pages=photo.pages,
        bits=photo.bits,
        halved=judged.halved,
        from_afar=judged.from_afar,
        in_grey=photo.lit is not None,
    )


@dataclass(slots=True)
class _Clock:
    """Wall time of each step, by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begin
