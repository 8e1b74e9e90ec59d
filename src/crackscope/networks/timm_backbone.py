"""Any other backbone, from timm: one step that gives its last feature map."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from crackscope.errors import RecipeError
from crackscope.networks.backbone import Assembly, Backbone
from crackscope.networks.layers import Opaque, Pixels

_PROBE_PX = 256
"""A network that takes this size beside its own, and gives a map that is larger by as much, takes any."""


class _Features(Opaque):
    """A timm model up to its last feature map."""

    def forward(self, x: Tensor) -> Tensor:
        """float32 [n, 3, h, w] to [n, c, ceil(h / s), ceil(w / s)]."""
        return _map(self.model, x)


class _Tokens(Opaque):
    """A timm model up to what it says of each place, for those that hold it as a list or with channels last."""

    def forward(self, x: Tensor) -> Tensor:
        """float32 [n, 3, s, s] of the model's own size to [n, c, rows, columns]."""
        return _places(self.model, x)


class _Shape(NamedTuple):
    """How a model answers. side: in px, of the only pictures that it takes, 0 for any."""

    stride: int
    channels: int
    side: int
    as_tokens: bool


def timm_backbone(name: str) -> Backbone:
    """Build `timm:NAME` with random weights; stages: input, body.

    Transformers, and whatever else takes pictures of one size, are built for the size that timm names.
    Raises RecipeError when timm cannot be imported, does not know the name, or the model gives no feature map.
    """
    timm = _import_timm()
    _check_known(name.removeprefix("timm:").partition(".")[0], timm.list_models())
    model = _created(name, timm)
    config: dict[str, Any] = model.pretrained_cfg
    shape = _shape(name, model, int(config["input_size"][-1]))
    chain = Assembly(name, "timm")
    chain.stage = "input"
    chain.add("input_layer", Pixels("imagenet", tuple(config["mean"]), tuple(config["std"])))
    chain.stage = "body"
    body = _Tokens(model) if shape.as_tokens else _Features(model)
    chain.add("body", body, width=shape.channels, slower=shape.stride)
    backbone = chain.finish(lambda layer: None)
    backbone.side = shape.side
    return backbone


def _check_known(name: str, known: list[str]) -> None:
    """Raise RecipeError naming the nearest models when timm has none of this name."""
    if name in known:
        return
    from difflib import get_close_matches

    near = ", ".join(f"timm:{other}" for other in get_close_matches(name, known, n=3, cutoff=0.3))
    raise RecipeError(
        f"network.backbone: timm has no {name!r}; {'near it: ' + near if near else 'see timm.list_models()'}"
    )


def _import_timm() -> Any:
    try:
        import timm
    except ModuleNotFoundError as error:
        raise RecipeError(
            f'timm backbones want the extra of that name ({error}): pip install ".[timm]" in the folder of '
            "crackscope's sources"
        ) from error
    except Exception as error:  # a torchvision built for another torch fails with whatever it runs into
        reason = _reason(error)
        raise RecipeError(
            f"timm cannot be imported ({reason}): install the torchvision that was built for torch {torch.__version__}"
        ) from error
    return timm


def _created(name: str, timm: Any) -> Any:
    try:
        return timm.create_model(name.removeprefix("timm:"), pretrained=False, num_classes=0, global_pool="")
    except Exception as error:  # models of another library fail with whatever they run into
        reason = _reason(error)
        raise RecipeError(
            f"network.backbone: {name} cannot be built without its head ({reason}); choose another one"
        ) from error


def _map(model: Any, x: Tensor) -> Tensor:
    features: Tensor = model.forward_features(x)
    return features


def _places(model: Any, x: Tensor) -> Tensor:
    places: list[Tensor] = model.forward_intermediates(x, indices=1, norm=True, intermediates_only=True)
    return places[-1]


def _shape(name: str, model: Any, own_px: int) -> _Shape:
    """Find out how a model answers. own_px: the side that timm names. Raises RecipeError when it gives no map."""
    model.eval()
    features = _tried(_map, model, own_px)
    as_tokens = not isinstance(features, Tensor) or not _is_grid(features, model)
    if as_tokens:
        features = _tried(_places, model, own_px)
    if not isinstance(features, Tensor) or features.ndim != 4:
        reason = _reason(features) if isinstance(features, Exception) else "no grid [n, c, h, w]"
        raise RecipeError(f"network.backbone: {name} gives no feature map ({reason}); choose another one")
    cells, channels = int(features.shape[2]), int(features.shape[1])
    if own_px % cells:
        raise RecipeError(f"network.backbone: {name} gives {cells} places for {own_px} px; choose another one")
    stride = own_px // cells
    probe = None if as_tokens else _tried(_map, model, _PROBE_PX + stride)
    free = isinstance(probe, Tensor) and probe.shape[2] == -(-(_PROBE_PX + stride) // stride)
    return _Shape(stride, channels, 0 if free else own_px, as_tokens)


def _is_grid(features: Tensor, model: Any) -> bool:
    """Tell whether it is [n, c, h, w] over a square."""
    channels_last = str(getattr(model, "output_fmt", "NCHW")).endswith("NHWC")
    return features.ndim == 4 and features.shape[2] == features.shape[3] and not channels_last


def _tried(step: Callable[[Any, Tensor], Tensor], model: Any, side: int) -> Tensor | Exception:
    """What a model gives for a blank picture, or why it does not."""
    try:
        with torch.no_grad():
            return step(model, torch.zeros(1, 3, side, side))
    except Exception as error:  # models of another library fail with whatever they run into
        return error


def _reason(error: Exception) -> str:
    """The first line of what another library says, or the kind of its error where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
