"""The evidence for a verdict: where the network sees a crack, and what it says once that is painted over.

The activation map of the class is the bundle's own map of crack logits, as probabilities; of bundles with a pooled
head it is their class activation map (Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR
2016). Painting over follows the idea of occlusion (Zeiler and Fergus, "Visualizing and Understanding Convolutional
Networks", ECCV 2014), with what lies around in place of grey: inpainting by fast marching (Telea, J. Graphics Tools 9,
2004). As a control the same shape is painted over beside the zone, where nothing was found: if that moves the score as
much, it was the painting and not the crack.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import logistic
from crackscope.errors import InspectionError
from crackscope.inspection.again import Again
from crackscope.inspection.as_patch import patch_of
from crackscope.inspection.inspecting import (
    DEFAULTS,
    Inspection,
    InspectOptions,
    Seen,
    measure,
    see,
    shown_heat,
    without_marker,
    zones_from,
)
from crackscope.inspection.photo import Photo
from crackscope.inspection.window import Window, window_around
from crackscope.records import Inspected, Point, Prediction, Verdict, Zone
from crackscope.scoring import Heatmap, Judgement, Look, Model, known_chance

MOST_ZONES = 8
"""Zones that are painted over one by one when none is named; each is seen twice again by the network."""
_INPAINT_RADIUS_PX = 5.0
"""From so far around it a pixel that is painted over takes its colour."""
_MARGIN_PX = 3
"""Painted beyond the mask on each side: a crack's blurred edge must go too."""
_PLACES_A_SIDE = 16
"""Places along each side of the photo where the control is tried."""
_RED = (230.0, 30.0, 20.0)
_BAND_ROWS = 256
"""Rows of the overlay that are worked out at a time: numbers of all pixels at once would take 24 bytes each."""
_SHOWN_AROUND, _LEAST_SHOWN_PX, _SLIMMEST = 0.2, 240, 2 / 3
"""A zone is shown with a fifth of its longer side around it, in a picture of so many px at least."""


class Painted(msgspec.Struct, frozen=True, kw_only=True):
    """What is said with one zone painted over; 0 for all zones at once.

    probability, verdict: of the whole photo. zone_before, zone_after: mean crack probability over the zone's cells.
    share: of the pixels that were painted. chance: that a sound photo of this size shows as much as is left, 0 to 1;
    None where the verdict does not rest on it. control: probability of the photo when the same shape is painted over
    beside the zone instead, on the surface; None where there is no room for it. window: left, top, width, height of
    what the picture shows of the photo, px. patch: what `predict` says then of a picture that it takes for one patch;
    None of others.
    """

    zone: int
    probability: float
    verdict: Verdict
    zone_before: float
    zone_after: float
    share: float
    window: tuple[int, int, int, int]
    chance: float | None = None
    control: float | None = None
    patch: Prediction | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """By what a photo is called cracked.

    kind: `conformal`, when sound photos of its size show as much with a chance of at most `false_alarms`; or
    `threshold`, when its probability reaches `threshold`. All numbers 0 to 1.
    """

    kind: Literal["threshold", "conformal"]
    threshold: float
    false_alarms: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """photo: as inspected, with all zones. chance: that a sound photo of this size shows as much, 0 to 1; None where
    the verdict does not rest on it.

    rule: that the verdict follows. painted: each zone asked for; then, where there are several, all at once. patch:
    what `predict` says of a picture that it takes for one patch; None of others.
    """

    photo: Inspected
    chance: float | None
    rule: Rule
    painted: tuple[Painted, ...] = ()
    patch: Prediction | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """An explanation with its pictures.

    overlay: uint8 [h, w, 3], the photo under its activation map. pictures: zone -> the zone's surroundings with it
    painted over, uint8 [h, w, 3]; 0 -> the whole photo with all of them painted over.
    """

    explanation: Explanation
    overlay: NDArray[np.uint8]
    pictures: dict[int, NDArray[np.uint8]]


def explain(model: Model, photo: Photo, zone: int | None = None, options: InspectOptions = DEFAULTS) -> Evidence:
    """Explain what is said of a photo, or of one of its zones by number.

    Without a number the MOST_ZONES widest zones are painted over one by one, and then all of them. All zones
    count here, whatever the verdict and the least probability, and have the numbers that `inspect` gives them.
    Raises InspectionError for a zone that there is not.
    """
    options = msgspec.structs.replace(options, all_zones=True, least_probability=0.0)
    seen = see(model, photo, options)
    inspection = measure(seen, model.manifest, options, model.threads)
    zones = inspection.record.zones
    if zone is not None and zone not in {one.number for one in zones}:
        there = f"it has zones 1 to {len(zones)}" if zones else "no zone was found in it"
        raise InspectionError(f"{photo.path}: there is no zone {zone}, {there}")
    wanted = [one for one in zones if zone in (None, one.number)][:MOST_ZONES]
    painter = _Painter(model, inspection, seen, options)
    results = [painter.without(one.number, painter.shape([one])) for one in wanted]
    if zone is None and len(zones) > 1:
        results.append(painter.without(0, painter.found))
    manifest = model.manifest
    explanation = Explanation(
        photo=inspection.record,
        chance=inspection.record.chance,
        rule=Rule(kind=manifest.verdict.kind, threshold=manifest.threshold, false_alarms=options.false_alarms),
        painted=tuple(result for result, _pixels in results),
        patch=painter.said_of_patch(),
    )
    pictures = {result.zone: pixels for result, pixels in results}
    return Evidence(explanation, activation_overlay(model, photo.upright(), inspection.heat), pictures)


class _Painter:
    """Paints over parts of one photo, as it was seen, and asks the network again. Shapes are bool [h, w] of that."""

    def __init__(self, model: Model, inspection: Inspection, seen: Seen, options: InspectOptions) -> None:
        self._model, self._zones, self._seen, self._options = model, inspection.record.zones, seen, options
        self._soft = inspection.soft
        self._again = Again(model, seen.photo.pixels, seen.heat, options.dense, seen.photo.hidden)

    def shape(self, zones: "list[Zone] | tuple[Zone, ...]") -> NDArray[np.bool_]:
        """The pixels of these zones and a margin around them."""
        import cv2

        canvas = np.zeros(self._seen.photo.shape, np.uint8)
        for zone in zones:
            # Drawn together, what lies in one more ring is outside again.
            rings = [np.rint(np.array(ring)).astype(np.int32) for ring in (*zone.outline, *_wide_holes(zone))]
            cv2.drawContours(canvas, rings, -1, 1, cv2.FILLED)
        size = 2 * _MARGIN_PX + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        return self._seen.photo.facing.turned(np.asarray(cv2.dilate(canvas, disc), np.bool_))

    @cached_property
    def found(self) -> NDArray[np.bool_]:
        """The shape of all zones."""
        return self.shape(self._zones)

    @cached_property
    def _no_room(self) -> NDArray[np.bool_]:
        """Where no control may lie: on what was found, and where nothing lights up anyway, in a void or on a marker."""
        hidden = self._seen.heat.hidden
        if hidden is None:
            return self.found
        wide = hidden.repeat(self._seen.heat.stride, 0).repeat(self._seen.heat.stride, 1)
        return self.found | wide[: self.found.shape[0], : self.found.shape[1]]

    @cached_property
    def _patch(self) -> NDArray[np.uint8] | None:
        return patch_of(self._model, self._seen.photo)

    def said_of_patch(self, upright: NDArray[np.bool_] | None = None) -> Prediction | None:
        """What `predict` says of a patch with a shape of the photo as it is painted over; None of other pictures."""
        if self._patch is None:
            return None
        return self._model.predict(self._patch if upright is None else paint_over(self._patch, upright))

    def without(self, number: int, shape: NDArray[np.bool_]) -> tuple[Painted, NDArray[np.uint8]]:
        """What is said with this shape painted over, and what that shows of the photo as it is."""
        painted, heat = self._painted(shape)
        judged = self._judged(heat, painted)
        cells = touched_cells(shape, heat)
        told = self._seen.judgement
        afar = zones_from(told)
        soft = (self._seen.soft[times] for times in self._soft)
        shown = (
            shown_heat(self._seen.heat, told, afar, soft),
            shown_heat(heat, judged, afar, self._smaller(heat, painted)),
        )
        before, after = (float(probabilities(self._model, one.logits[cells]).mean()) for one in shown)
        facing = self._seen.photo.facing
        upright = facing.back(shape)
        window = surroundings(window_around(upright), upright.shape) if number else Window.whole(upright.shape)
        result = Painted(
            zone=number,
            probability=judged.probability,
            verdict=judged.verdict,
            zone_before=before,
            zone_after=after,
            share=float(shape.mean()),
            window=(window.left, window.top, window.right - window.left, window.bottom - window.top),
            chance=known_chance(self._model.manifest, judged),
            control=self._control(shape),
            patch=self.said_of_patch(upright),
        )
        lit = self._seen.photo.lit
        shown_as = painted if lit is None else paint_over(lit, shape)
        return result, window.of(facing.back(shown_as)).copy()

    def _control(self, shape: NDArray[np.bool_]) -> float | None:
        box = window_around(shape)
        part = box.of(shape)
        for place in places(box, shape.shape):
            if not (place.of(self._no_room) & part).any():
                moved = np.zeros_like(shape)
                place.of(moved)[...] = part
                painted, heat = self._painted(moved)
                return self._judged(heat, painted).probability
        return None

    def _judged(self, heat: Heatmap, painted: NDArray[np.uint8]) -> Judgement:
        rate, void = self._options.false_alarms, self._seen.photo.hidden
        return self._model.judge(heat, painted, rate, options=self._options.dense, void=void)

    def _smaller(self, heat: Heatmap, painted: NDArray[np.uint8]) -> Iterator[Look]:
        """The looks at smaller copies of a painted photo, where zones were measured in such."""
        for times in self._soft:
            yield self._model.look_smaller(heat, painted, times, options=self._options.dense)

    def _painted(self, shape: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], Heatmap]:
        """The photo with a shape painted over, and what the network sees then."""
        seen = self._seen
        painted = paint_over(seen.photo.pixels, shape)
        heat = self._again.heatmap(painted, window_around(shape))
        return painted, without_marker(heat.beside(seen.photo.hidden), seen.ruler, seen.photo)


def _wide_holes(zone: Zone) -> list[tuple[Point, ...]]:
    """The holes of a zone that hold some of the surface: narrower ones lie within the crack, and what is left of it
    there would be smeared all over the place when it is painted over."""
    import cv2

    least = zone.width_max_px.value**2
    return [hole for hole in zone.holes if cv2.contourArea(np.array(hole, np.float32)) >= least]


def surroundings(box: Window, shape: tuple[int, ...]) -> Window:
    """The part of a photo of (h, w) px that shows a zone in this box and where it lies: no slimmer than 2 to 3."""
    grown = [round((1 + 2 * _SHOWN_AROUND) * side) for side in (box.bottom - box.top, box.right - box.left)]
    least = round(max(_LEAST_SHOWN_PX, _SLIMMEST * max(grown)))
    top, bottom = _within((box.top + box.bottom) // 2, max(least, grown[0]), shape[0])
    left, right = _within((box.left + box.right) // 2, max(least, grown[1]), shape[1])
    return Window(left, top, right, bottom)


def _within(centre: int, side: int, whole: int) -> tuple[int, int]:
    """Where a stretch of `side` px about a centre starts and ends, moved to lie within `whole` px."""
    side = min(side, whole)
    start = min(max(0, centre - side // 2), whole - side)
    return start, start + side


def paint_over(pixels: NDArray[np.uint8], shape: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The photo, uint8 [h, w, 3], with these pixels, bool [h, w], filled in from what lies around them."""
    import cv2

    if not shape.any():
        return pixels.copy()
    window = window_around(shape).around(4 * int(_INPAINT_RADIUS_PX), shape.shape)
    painted = pixels.copy()
    part = np.ascontiguousarray(window.of(pixels))
    there = window.of(shape).astype(np.uint8)
    window.of(painted)[...] = cv2.inpaint(part, there, _INPAINT_RADIUS_PX, cv2.INPAINT_TELEA)
    return painted


def activation_overlay(model: Model, pixels: NDArray[np.uint8], heat: Heatmap) -> NDArray[np.uint8]:
    """The photo, uint8 [h, w, 3], in grey under the crack probability of each place, from clear to red."""
    import cv2

    height, width = pixels.shape[:2]
    rows, columns = heat.logits.shape
    logits = np.clip(heat.logits, -30, 30)
    size = (columns * heat.stride, rows * heat.stride)
    large = np.asarray(cv2.resize(logits, size, interpolation=cv2.INTER_LINEAR), np.float32)[:height, :width]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    overlay = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        share = 0.75 * probabilities(model, large[band])
        for channel, value in enumerate(_RED):
            overlay[band, :, channel] = np.rint(grey[band] + (value - grey[band]) * share)
    return overlay


def probabilities(model: Model, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of the map as probabilities, calibrated as the bundle says; float32 of the same shape."""
    fitted = model.manifest.calibration
    return logistic(fitted.scale * logits + fitted.shift).astype(np.float32)


def touched_cells(shape: NDArray[np.bool_], heat: Heatmap) -> NDArray[np.bool_]:
    """The cells of the map, bool [rows, columns], that a shape, bool [h, w] px, touches, be it with one pixel."""
    rows, columns = heat.logits.shape
    whole = np.zeros((rows * heat.stride, columns * heat.stride), np.bool_)
    whole[: shape.shape[0], : shape.shape[1]] = shape
    bands = np.asarray(whole.reshape(rows, heat.stride, -1).any(axis=1), np.bool_)
    return np.asarray(bands.reshape(rows, columns, heat.stride).any(axis=2), np.bool_)


def places(box: Window, shape: tuple[int, ...]) -> Iterator[Window]:
    """Where a box fits elsewhere in a photo of (h, w) px, near places first."""
    high, wide = box.bottom - box.top, box.right - box.left
    corners = {
        (round(y), round(x))
        for y in np.linspace(0, shape[0] - high, _PLACES_A_SIDE)
        for x in np.linspace(0, shape[1] - wide, _PLACES_A_SIDE)
    }
    for y, x in sorted(corners, key=lambda corner: (corner[0] - box.top) ** 2 + (corner[1] - box.left) ** 2):
        yield Window(x, y, x + wide, y + high)
