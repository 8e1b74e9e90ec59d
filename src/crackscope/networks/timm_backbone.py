"""Any other backbone, from timm: one step that gives its last feature map."""

from typing import Any

import torch
from torch import Tensor

from crackscope.errors import RecipeError
from crackscope.networks.backbone import Assembly, Backbone
from crackscope.networks.layers import Opaque, Pixels


class _Features(Opaque):
    """A timm model up to its last feature map."""

    def forward(self, x: Tensor) -> Tensor:
        """float32 [n, 3, h, w] to [n, c, ceil(h / s), ceil(w / s)]."""
        model: Any = self.model
        features: Tensor = model.forward_features(x)
        return features


def timm_backbone(name: str) -> Backbone:
    """Build `timm:NAME` with random weights; stages: input, body.

    Raises RecipeError when timm cannot be imported, does not know the name, or the model gives no feature map.
    """
    timm = _import_timm()
    model_name = name.removeprefix("timm:")
    _check_known(model_name.partition(".")[0], timm.list_models())
    model: Any = timm.create_model(model_name, pretrained=False, num_classes=0, global_pool="")
    config: dict[str, Any] = model.pretrained_cfg
    stride, channels = _measure(name, model)
    chain = Assembly(name, "timm")
    chain.stage = "input"
    chain.add("input_layer", Pixels("imagenet", tuple(config["mean"]), tuple(config["std"])))
    chain.stage = "body"
    chain.add("body", _Features(model), width=channels, slower=stride)
    return chain.finish(lambda layer: None)


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
            f'timm backbones want the extra of that name ({error}): pip install "crackscope[timm]"'
        ) from error
    except Exception as error:  # a torchvision built for another torch fails with whatever it runs into
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecipeError(
            f"timm cannot be imported ({reason}): install the torchvision that was built for torch {torch.__version__}"
        ) from error
    return timm


def _measure(name: str, model: Any) -> tuple[int, int]:
    """Stride and channels of the last feature map. Raises RecipeError for a model that does not give one."""
    side = 256
    model.eval()
    try:
        with torch.no_grad():
            features = model.forward_features(torch.zeros(1, 3, side, side))
    except (RuntimeError, AssertionError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(f"{name}: takes no pictures of other sizes ({reason}); choose a convolutional one") from error
    if features.ndim != 4 or features.shape[2] != features.shape[3] or features.shape[2] >= side:
        raise RecipeError(f"{name}: gives no feature map [n, c, h, w]; choose a convolutional one")
    return side // int(features.shape[2]), int(features.shape[1])
