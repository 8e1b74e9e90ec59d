"""Whole surfaces from a seed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from crackscope.arguments import FLAG, NUMBER, TEXT, WHOLE, Wanted, refuse_wrong
from crackscope.surfaces.asphalt import render_asphalt
from crackscope.surfaces.camera import expose, light_scene
from crackscope.surfaces.concrete import render_concrete
from crackscope.surfaces.distractors import distract
from crackscope.surfaces.drawing import ordinary_width, paint_on, random_crack
from crackscope.surfaces.ground import Ground
from crackscope.surfaces.masonry import render_brick, render_tile
from crackscope.surfaces.pipes import render_pipe
from crackscope.surfaces.plaster import render_painted, render_plaster
from crackscope.surfaces.records import THINNEST_PX, CrackTruth, Surface, SurfaceSpec, stream
from crackscope.surfaces.stonework import render_stone
from crackscope.surfaces.weathering import weather

_Renderer = Callable[[int, int, np.random.Generator], Ground]
_RENDERERS: dict[str, _Renderer] = {
    "concrete": render_concrete,
    "plaster": render_plaster,
    "brick": render_brick,
    "tile": render_tile,
    "asphalt": render_asphalt,
    "stone": render_stone,
    "painted": render_painted,
    "pipe": render_pipe,
}
KINDS: tuple[str, ...] = tuple(_RENDERERS)
_SHARES = (0.38, 0.14, 0.12, 0.08, 0.14, 0.08, 0.03, 0.03)
_SIZE = Wanted((list, tuple), "two whole numbers, (width, height)", WHOLE, 2)
_WIDTHS = Wanted((list, tuple), "two numbers, (least, greatest)", NUMBER, 2)
_CHOICE, _SURFACE, _CRACK, _WEATHER, _DISTRACT, _CAMERA = range(6)


def generate(
    seed: int,
    size: tuple[int, int] = (256, 256),
    cracked: bool = True,
    kind: str | None = None,
    width_px: tuple[float, float] | None = None,
) -> Surface:
    """A surface of size (width, height), from `seed` alone: the same call gives the same bytes.

    kind: one of KINDS, or None to let the seed choose (concrete most often). width_px: least and greatest width of the
    crack, or None for an ordinary one. With `cracked` False the very same surface comes without its crack.
    Raises ValueError when the kind is unknown, the seed negative, the size under 8 px or the widths out of order.
    """
    refuse_wrong(seed=(seed, WHOLE), size=(size, _SIZE), cracked=(cracked, FLAG))
    refuse_wrong(kind=(kind, TEXT.or_none), width_px=(width_px, _WIDTHS.or_none))
    rng = stream(seed, _CHOICE)
    chosen = str(rng.choice(KINDS, p=_SHARES))
    kind = kind or chosen
    crack = random_crack(rng, size, width_px or _ordinary_width(rng, kind, size)) if cracked else None
    if crack is not None and kind not in ("concrete", "plaster", "painted", "pipe"):
        crack = replace(crack, filled=False)
    return make(SurfaceSpec(seed=seed, kind=kind, size=size, crack=crack))


def _ordinary_width(rng: np.random.Generator, kind: str, size: tuple[int, int]) -> tuple[float, float]:
    """Hard glazed bodies break finely, plaster seldom gapes; concrete and roads may."""
    least, greatest = ordinary_width(rng, size)
    share = {"tile": 0.4, "plaster": 0.7, "painted": 0.7, "brick": 0.7}.get(kind, 1.0)
    return max(THINNEST_PX, least * share), max(THINNEST_PX * 1.3, greatest * share)


def make(spec: SurfaceSpec) -> Surface:
    """The surface that this record describes. Raises ValueError when the kind is unknown."""
    if spec.kind not in _RENDERERS:
        raise ValueError(f"kind {spec.kind!r} is none of {', '.join(KINDS)}")
    width, height = spec.size
    place = KINDS.index(spec.kind)
    ground = _RENDERERS[spec.kind](height, width, stream(spec.seed, _SURFACE, place))
    ground.rng = ground.noise.rng = stream(spec.seed, _WEATHER, place)
    weather(ground, 0.2 if spec.kind == "tile" else 0.6, upright=spec.kind != "asphalt")
    truth = CrackTruth(np.zeros((height, width), np.bool_))
    if spec.crack is not None:
        truth = paint_on(ground.planes, spec.crack, ground.light, ground.joints, stream(spec.seed, _CRACK, place))
    rng = stream(spec.seed, _DISTRACT, place)
    ground.rng = ground.noise.rng = rng
    if rng.random() < spec.distractors:
        distract(ground, ground.joints is None)
    light_scene(ground)
    return Surface(expose(ground.planes, stream(spec.seed, _CAMERA, place)), spec.kind, truth, spec)
