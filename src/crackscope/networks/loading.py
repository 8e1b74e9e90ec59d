"""Weights of a file into a backbone: whose names, which layout, folded or not; and refusing what does not belong."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from crackscope.errors import WeightsError
from crackscope.networks.backbone import Backbone
from crackscope.networks.layers import Norm, norms_after_convs
from crackscope.networks.table import counted_layers
from crackscope.networks.weights.record import Weights

if TYPE_CHECKING:
    from crackscope.networks.network import CrackNetwork

_CLASSIFIERS = ("classifier.", "fc.", "head.", "predictions/", "Logits/", "logits/", "fc1/", "fc2/", "probs/")
_KERAS_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class _Slot:
    """One tensor of ours and where a file keeps it. name: the file's. layout: how the file lays out its axes."""

    layer: str
    target: Tensor
    name: str
    layout: str = "same"


class _Stored(NamedTuple):
    """How a file in torch's style keeps a layer: under which prefix, and whether its norms are folded."""

    layer: str
    prefix: str
    folded: bool


def load_weights(network: "CrackNetwork", weights: Weights) -> None:
    """Put a file's weights into the backbone; the head stays as it is.

    Norms that the file holds folded pass their input on (`folded_norms` names them). Raises WeightsError for a file of
    another family or network, naming what is missing, too much or of another shape. Nothing is changed then.
    """
    backbone = network.backbone
    _check_family(backbone, weights)
    slots = list(_slots(backbone, weights))
    _check_names(backbone, slots, weights)
    arrays = [_as_ours(slot, weights) for slot in slots]
    with torch.no_grad():
        if weights.folded:
            _neutralise_norms(backbone)
        for slot, array in zip(slots, arrays, strict=True):
            slot.target.copy_(array)
    network.mark_folded(_folded_names(backbone, weights))


def _check_family(backbone: Backbone, weights: Weights) -> None:
    if weights.family == "crackscope":
        from crackscope.networks.saving import structure_of

        structure = structure_of(weights.metadata, weights.source)
        found = (structure.backbone, structure.family)
        if found != (backbone.name, backbone.family):
            raise WeightsError(
                f"{weights.source}: holds {found[0]} ({found[1]}), not {backbone.name} ({backbone.family}); "
                f"set network.backbone and network.family to these or choose other weights"
            )
    elif weights.family != backbone.family:
        raise WeightsError(
            f"{weights.source}: holds weights of the {weights.family} family, whose padding, strides and pixels are "
            f"not those of {backbone.name} as in {backbone.family}; set network.family = {weights.family!r} or choose "
            f"other weights"
        )


def _slots(backbone: Backbone, weights: Weights) -> Iterator[_Slot]:
    """Every tensor of the backbone that a file of this kind should hold."""
    if weights.family in ("crackscope", "timm"):
        prefix = "steps." if weights.family == "crackscope" else ""
        for path, tensor in backbone.steps.state_dict().items():
            if not path.endswith("num_batches_tracked"):
                name = path if prefix else path.removeprefix("body.model.")
                yield _Slot(path.rsplit(".", 1)[0].rpartition(".")[2], tensor, prefix + name)
        return
    keras_names = any("/" in name for name in weights.tensors)
    layers = counted_layers(backbone.steps)
    followed = norms_after_convs(backbone.steps) if weights.folded else {}
    for name, layer in layers.items():
        if next(layer.parameters(), None) is None or (name in followed.values()):
            continue
        if keras_names:
            yield from _keras_slots(name, layer)
        else:
            bias_of = layers.get(followed.get(name, ""))
            yield from _torch_slots(_Stored(name, backbone.file_names(name) or name, weights.folded), layer, bias_of)


def _keras_slots(name: str, layer: nn.Module) -> Iterator[_Slot]:
    if isinstance(layer, Norm):
        for ours, theirs in _KERAS_NORM.items():
            yield _Slot(name, getattr(layer, ours), f"{name}/{theirs}")
        return
    assert isinstance(layer, nn.Conv2d)
    deep = layer.groups > 1
    yield _Slot(
        name, layer.weight, f"{name}/{'depthwise_kernel' if deep else 'kernel'}", "depthwise" if deep else "hwio"
    )
    if layer.bias is not None:
        yield _Slot(name, layer.bias, f"{name}/bias")


def _torch_slots(stored: _Stored, layer: nn.Module, norm: nn.Module | None) -> Iterator[_Slot]:
    """Tensors under torch's names. norm: the norm that the layer's bias in the file stands for, if any."""
    name, prefix, alone = stored
    if isinstance(layer, Norm):
        # A norm that follows no convolution could not be folded: the file keeps its scale and shift, no statistics.
        for part in _NORM[:2] if alone else _NORM:
            yield _Slot(name, getattr(layer, part), f"{prefix}.{part}")
        return
    assert isinstance(layer, nn.Conv2d)
    yield _Slot(name, layer.weight, f"{prefix}.weight")
    if layer.bias is not None:
        yield _Slot(name, layer.bias, f"{prefix}.bias")
    elif isinstance(norm, Norm):
        yield _Slot(name, norm.bias, f"{prefix}.bias")


def _check_names(backbone: Backbone, slots: list[_Slot], weights: Weights) -> None:
    present = set(weights.tensors)
    missing = [slot for slot in slots if slot.name not in present]
    if missing:
        stage = last_stage(backbone, weights)
        lacks = f"lacks {_some([slot.name for slot in missing])} of {backbone.name}"
        if stage:
            cut = f"set network.cut = {stage!r} (--set network.cut={stage})"
            raise WeightsError(f"{weights.source}: ends with {stage}: {cut}, else it {lacks}")
        raise WeightsError(f"{weights.source}: {lacks}; choose other weights")
    surplus = sorted(present - {slot.name for slot in slots})
    surplus = [name for name in surplus if not _is_other_business(name)]
    if surplus and backbone.whole:
        raise WeightsError(
            f"{weights.source}: holds {_some(surplus)}, which {backbone.name} as in {backbone.family} has no place "
            f"for; choose the weights of this network"
        )


def _is_other_business(name: str) -> bool:
    """Whether a tensor is a classifier's, a head's or a counter: not the backbone's."""
    return name.startswith(_CLASSIFIERS) or name.endswith("num_batches_tracked")


def last_stage(backbone: Backbone, weights: Weights) -> str:
    """The stage of a backbone up to which a file has all of its tensors, and none of later ones; "" for no such."""
    slots = list(_slots(backbone, weights))
    missing = [slot for slot in slots if slot.name not in weights.tensors]
    lacking = {slot.layer for slot in missing}
    complete: list[str] = []
    for stage in backbone.stage_names():
        layers = _layers_with_weights(backbone, stage)
        if layers & lacking:
            break
        complete.append(stage)
    found = {slot.layer for slot in slots} - lacking
    later = backbone.stage_names()[len(complete) :]
    if complete and not any(_layers_with_weights(backbone, stage) & found for stage in later):
        return complete[-1]
    return ""


def _layers_with_weights(backbone: Backbone, stage: str) -> set[str]:
    steps = nn.Sequential(
        OrderedDict((step, backbone.steps.get_submodule(step)) for step, of in backbone.stages.items() if of == stage)
    )
    return {name for name, layer in counted_layers(steps).items() if next(layer.parameters(), None) is not None}


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more tensors" if len(names) > 3 else "")


def _as_ours(slot: _Slot, weights: Weights) -> Tensor:
    array = torch.from_numpy(np.ascontiguousarray(weights.tensors[slot.name])).float()
    if array.ndim == 4 and slot.layout == "hwio":
        array = array.permute(3, 2, 0, 1)
    elif array.ndim == 4 and slot.layout == "depthwise":
        array = array.permute(2, 3, 0, 1)
    if weights.family == "timm" and (*array.shape, 1, 1) == slot.target.shape:
        array = array[:, :, None, None]  # without its last average, timm builds dense layers as 1x1 convolutions
    if array.shape != slot.target.shape:
        raise WeightsError(
            f"{weights.source}: {slot.name} has shape {tuple(array.shape)} where {slot.layer} wants "
            f"{tuple(slot.target.shape)}; these are the weights of another network"
        )
    return array


def _neutralise_norms(backbone: Backbone) -> None:
    """Let every norm pass its input on in inference mode."""
    for layer in backbone.steps.modules():
        if isinstance(layer, Norm) and layer.running_mean is not None and layer.running_var is not None:
            layer.weight.fill_(1.0)
            layer.bias.zero_()
            layer.running_mean.zero_()
            # The norm divides by the root of variance plus eps.
            layer.running_var.fill_(1.0 - layer.eps)


def _folded_names(backbone: Backbone, weights: Weights) -> list[str]:
    names = [name for name, layer in counted_layers(backbone.steps).items() if isinstance(layer, Norm)]
    if weights.family == "crackscope":
        from crackscope.networks.saving import structure_of

        listed: Mapping[str, None] = dict.fromkeys(structure_of(weights.metadata, weights.source).folded)
        return [name for name in names if name in listed]
    return names if weights.folded else []
