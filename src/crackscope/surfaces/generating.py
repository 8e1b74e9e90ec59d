"""Whole surfaces from a seed."""

from collections.abc import Callable

import numpy as np

from .asphalt import render_asphalt
from .camera import expose, light_scene
from .concrete import render_concrete
from .distractors import distract
from .drawing import paint_on, random_crack
from .ground import Ground
from .masonry import render_brick, render_tile
from .plaster import render_plaster
from .records import CrackTruth, Surface, SurfaceSpec, stream
from .weathering import weather

_Renderer = Callable[[int, int, np.random.Generator], Ground]
_RENDERERS: dict[str, _Renderer] = {
    "concrete": render_concrete,
    "plaster": render_plaster,
    "brick": render_brick,
    "tile": render_tile,
    "asphalt": render_asphalt,
}
KINDS: tuple[str, ...] = tuple(_RENDERERS)
_SHARES = (0.44, 0.18, 0.12, 0.10, 0.16)
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
    rng = stream(seed, _CHOICE)
    chosen = str(rng.choice(KINDS, p=_SHARES))
    crack = random_crack(rng, size, width_px) if cracked else None
    return make(SurfaceSpec(seed=seed, kind=kind or chosen, size=size, crack=crack))


def make(spec: SurfaceSpec) -> Surface:
    """The surface that this record describes. Raises ValueError when the kind is unknown."""
    if spec.kind not in _RENDERERS:
        raise ValueError(f"kind {spec.kind!r} is none of {', '.join(KINDS)}")
    width, height = spec.size
    place = KINDS.index(spec.kind)
    ground = _RENDERERS[spec.kind](height, width, stream(spec.seed, _SURFACE, place))
    ground.rng = ground.noise.rng = stream(spec.seed, _WEATHER, place)
    weather(ground, 0.35 if spec.kind == "tile" else 0.7)
    truth = CrackTruth(np.zeros((height, width), np.bool_))
    if spec.crack is not None:
        truth = paint_on(ground.planes, spec.crack, ground.light, ground.joints, stream(spec.seed, _CRACK, place))
    rng = stream(spec.seed, _DISTRACT, place)
    ground.rng = ground.noise.rng = rng
    if rng.random() < spec.distractors:
        distract(ground, ground.joints is None)
    light_scene(ground)
    return Surface(expose(ground.planes, stream(spec.seed, _CAMERA, place)), spec.kind, truth, spec)
