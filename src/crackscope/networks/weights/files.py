"""Reads a weights file of any kind that we know, by what is in it and not by how it is called."""

import zipfile
from pathlib import Path
from typing import Literal

from crackscope.errors import WeightsError
from crackscope.networks.weights.hashing import file_digest
from crackscope.networks.weights.headers import FAMILIES, check_header, check_held, other_family
from crackscope.networks.weights.keras_file import read_keras, read_keras_archive
from crackscope.networks.weights.names import held_backbone, torchvision_names
from crackscope.networks.weights.plain import Arrays
from crackscope.networks.weights.publishers import family_of
from crackscope.networks.weights.record import Weights
from crackscope.networks.weights.safetensors_file import read_safetensors
from crackscope.networks.weights.torch_file import read_torch
from crackscope.recipes import Network

Kind = Literal["safetensors", "keras", "keras archive", "torch"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_file(path: Path, network: Network, *, source: str = "", sha256: str = "") -> Weights:
    """Read safetensors, Keras' .h5 and .keras, and torch's .pth, for a network of a recipe.

    source: where the file came from, for messages; its path unless given. sha256: when it is known already.
    Raises WeightsError when the file is absent, of no known kind, damaged, or of another family than the network's.
    """
    source = source or str(path)
    try:
        kind = _kind(path)
        digest = sha256 or file_digest(path)
    except OSError as error:
        raise WeightsError(f"weights file {path} cannot be read ({error.strerror}): check --weights") from None
    if kind == "safetensors":
        return _from_safetensors(path, network, source, digest)
    if kind == "torch":
        tensors = read_torch(path)
        return Weights(tensors, _torch_family(tensors, network, source), source, digest)
    tensors = read_keras_archive(path) if kind == "keras archive" else read_keras(path)
    if family_of(network) != "timm":
        check_held(held_backbone(tensors), "keras", network, source)
    if family_of(network) != "keras":
        raise WeightsError(other_family(source, "keras", network))
    return Weights(tensors, "keras", source, digest)


def _kind(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(_HDF5):
        return "keras"
    if head.startswith(b"PK"):
        try:
            if zipfile.is_zipfile(path):  # which raises, too, at some damaged archives
                with zipfile.ZipFile(path) as archive:
                    return "keras archive" if "model.weights.h5" in archive.namelist() else "torch"
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise WeightsError(f"{path} is a damaged archive ({error}); fetch it again") from None
    if len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        return "safetensors"
    if head.startswith(_PICKLE_STARTS):
        return "torch"
    raise WeightsError(
        f"{path} is no weights file that we know, or a damaged one: "
        "safetensors, Keras' .h5 and .keras, torch's .pth, and bundles are read"
    )


def _from_safetensors(path: Path, network: Network, source: str, digest: str) -> Weights:
    tensors, metadata = read_safetensors(path)
    family = family_of(network)
    if family == "timm":
        stated = metadata.get("family", "timm")
        if stated != "timm":
            raise WeightsError(other_family(source, stated, network))
        return Weights(tensors, family, source, digest, metadata=metadata)
    if "family" not in metadata:
        raise WeightsError(
            f"{source} does not say of which family its weights are: write it into the header, "
            f"safetensors.numpy.save_file(tensors, path, metadata={{'family': ...}}), one of {', '.join(FAMILIES)}"
        )
    check_held(held_backbone(tensors), metadata["family"], network, source)
    folded = check_header(metadata, network, source)
    return Weights(tensors, family, source, digest, folded, metadata)


def _torch_family(tensors: Arrays, network: Network, source: str) -> str:
    """A .pth has no header: torchvision's names tell it; under a timm backbone any names are timm's."""
    family = family_of(network)
    if family == "timm":
        return family
    if not torchvision_names(tensors):
        raise WeightsError(
            f"{source} does not have the names of torchvision's MobileNetV2, ResNet50 or VGG16: "
            "give a state_dict of one of them, or safetensors whose header says the family"
        )
    check_held(held_backbone(tensors), "torchvision", network, source)
    if family != "torchvision":
        raise WeightsError(other_family(source, "torchvision", network))
    return family
