"""Takes the network out of a bundle, to go on training from it."""

from pathlib import Path
from typing import Any

from crackscope.bundles import open_bundle
from crackscope.errors import BundleError, WeightsError
from crackscope.networks.weights.hashing import file_digest
from crackscope.networks.weights.publishers import family_of
from crackscope.networks.weights.record import Weights
from crackscope.networks.weights.safetensors_file import read_safetensors
from crackscope.recipes import Network

BACKBONE_PREFIXES = ("steps.", "backbone.")
"""Tensors of a saved network that belong to its backbone; the others are its head."""


def read_bundle(folder: Path, network: Network) -> Weights:
    """The tensors of backbone and head under the names of our own state dict; family "crackscope".

    `metadata` has the header of the weights file, and backbone, family and cut as the bundle's recipe says.
    Raises WeightsError when the bundle is damaged, has no weights, or is of another backbone or family.
    """
    try:
        bundle = open_bundle(folder)
    except BundleError as error:
        raise WeightsError(f"weights cannot be taken from the bundle: {error}") from None
    if bundle.weights is None:
        raise WeightsError(f"the bundle {folder} carries no weights to train from: name one with weights.safetensors")
    stated = _stated(bundle.manifest.recipe, folder)
    _check_same(stated, network, folder)
    arrays, header = read_safetensors(bundle.weights)
    tensors = {name: array for name, array in arrays.items() if name.startswith(BACKBONE_PREFIXES)}
    if not tensors:
        raise WeightsError(f"{bundle.weights} holds no tensor of a backbone (steps. ...): write the bundle again")
    head = {name: array for name, array in arrays.items() if name.startswith("head.")}
    digest = file_digest(bundle.weights)
    return Weights(tensors, "crackscope", str(folder), digest, metadata={**header, **stated}, head=head)


def _stated(recipe: dict[str, Any], folder: Path) -> dict[str, str]:
    section = recipe.get("network")
    if not isinstance(section, dict) or not isinstance(section.get("backbone"), str):
        raise WeightsError(f"the bundle {folder} does not say which backbone it has: its recipe lacks [network]")
    known = Network(backbone=section["backbone"], family=section.get("family", "keras"), cut=section.get("cut", ""))
    return {"backbone": known.backbone, "family": family_of(known), "cut": known.cut}


def _check_same(stated: dict[str, str], network: Network, folder: Path) -> None:
    wanted = {"backbone": network.backbone, "family": family_of(network)}
    if any(stated[fact] != wanted[fact] for fact in wanted):
        raise WeightsError(
            f"the bundle {folder} has {stated['backbone']} of family {stated['family']}, the recipe asks for "
            f"{wanted['backbone']} of family {wanted['family']}: name another bundle, or change network in the recipe"
        )
    if stated["cut"] not in ("", network.cut):
        raise WeightsError(
            f"the bundle {folder} has {stated['backbone']} up to {stated['cut']} only, the recipe asks for "
            f"{f'the part up to {network.cut}' if network.cut else 'all of it'}: set network.cut={stated['cut']}"
        )
