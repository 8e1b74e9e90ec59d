"""From what a recipe says to a network."""

import numpy as np
import torch

from crackscope.errors import RecipeError, WeightsError
from crackscope.networks import mobilenetv2, resnet50, resnet50v2, vgg16
from crackscope.networks.backbone import Backbone, check_name
from crackscope.networks.heads import DenseHead, PooledHead
from crackscope.networks.loading import load_weights
from crackscope.networks.network import CrackNetwork
from crackscope.networks.weights.record import Weights
from crackscope.recipes import Head, Network

FAMILIES: dict[str, tuple[str, ...]] = {
    "mobilenetv2": mobilenetv2.FAMILIES,
    "resnet50": resnet50.FAMILIES,
    "resnet50v2": resnet50v2.FAMILIES,
    "vgg16": vgg16.FAMILIES,
}
"""The backbones that are built here, and the families whose geometry each can take."""


def build(network: Network, head: Head, weights: Weights | None = None) -> CrackNetwork:
    """Build a network. weights: what goes into the backbone; None draws it from torch's generator.

    Raises RecipeError for a backbone, family, cut or head that cannot be, WeightsError for weights that do not fit.
    """
    backbone = backbone_of(network)
    if head.kind == "dense":
        if not backbone.taps:
            raise RecipeError(f"head.kind = 'dense': {backbone.name} has no levels to read; set head.kind = 'pooled'")
        backbone = backbone.kept(backbone.taps[-1].step)
        built = CrackNetwork(backbone, DenseHead(backbone.taps, head, backbone.floors))
    else:
        built = CrackNetwork(backbone, PooledHead(backbone.channels, head))
    if weights is not None:
        load_weights(built, weights)
    if head.weights == "bundle":
        _load_head(built, weights)
    return built


def check_backbone(name: str) -> None:
    """Raise RecipeError naming the nearest backbone where there is none of this name."""
    if not name.startswith("timm:"):
        check_name(name, [*FAMILIES, "timm:NAME"], "network.backbone")


def _load_head(network: CrackNetwork, weights: Weights | None) -> None:
    """Put the head of a bundle into a network whose head is built the same."""
    found = {} if weights is None else {name.removeprefix("head."): array for name, array in weights.head.items()}
    own = {name: t for name, t in network.head.state_dict().items() if not name.endswith("num_batches_tracked")}
    if weights is None or not found:
        raise WeightsError("head.weights = 'bundle' needs a bundle: name one with network.weights (--weights)")
    if {name: array.shape for name, array in found.items()} != {name: tuple(t.shape) for name, t in own.items()}:
        raise WeightsError(
            f"{weights.source}: its head is built otherwise than [head] says; use the head of its recipe, or "
            "head.weights = 'fresh'"
        )
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(found[name])))


def backbone_of(network: Network) -> Backbone:
    """The backbone that a recipe asks for, with random weights. Raises RecipeError for one that cannot be."""
    name, family = network.backbone, network.family
    if name.startswith("timm:"):
        from crackscope.networks.timm_backbone import timm_backbone

        if family != "timm":
            raise RecipeError(f"network.family = {family!r}: {name} comes from timm; set network.family = 'timm'")
        if network.cut:
            raise RecipeError(f"network.cut = {network.cut!r}: {name} is one stage; leave network.cut empty")
        return timm_backbone(name)
    check_backbone(name)
    check_name(family, list(FAMILIES.get(name, ("timm",))), f"network.family of {name}")
    if name == "resnet50v2":
        return resnet50v2.resnet50v2(family, network.cut)
    makers = {"mobilenetv2": mobilenetv2.mobilenetv2, "resnet50": resnet50.resnet50, "vgg16": vgg16.vgg16}
    backbone = makers[name](family)
    return backbone.cut_after(network.cut) if network.cut else backbone
