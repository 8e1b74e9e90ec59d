"""What the header of a weights file says must be what its family means here, or the file is refused.

A network that loads one family's weights into another's geometry, or shows it pixels normalised another way, still
trains, and is silently worse: so every fact that a header states is compared.
"""

import re
from collections.abc import Mapping
from typing import NoReturn, get_args

from crackscope.errors import WeightsError
from crackscope.networks.weights.publishers import family_of
from crackscope.recipes import Family, Network

FAMILIES: tuple[str, ...] = get_args(Family)

_CENTRED = "RGB/127.5 - 1"
_CAFFE = "BGR minus (103.939, 116.779, 123.68)"
_IMAGENET = "RGB/255, minus mean [0.485,0.456,0.406], divided by std [0.229,0.224,0.225]"
_KERAS_NORMALISATION = {"mobilenetv2": _CENTRED, "resnet50v2": _CENTRED, "resnet50": _CAFFE, "vgg16": _CAFFE}

_SIGNS = {"minus": "-", "plus": "+", "divided": "/", "times": "*", "×": "*", "−": "-"}
_FACT = re.compile(r"rgb|bgr|\d+(?:\.\d+)?|\.\d+|minus|plus|divided|times|[-+/*×−]")


def check_header(metadata: Mapping[str, str], network: Network, source: str) -> bool:
    """Compare family, backbone, normalisation, padding and activation with what `network` means by its family.

    Returns whether batch norms are folded. What a header does not state is taken to be as its family means it.
    Raises WeightsError naming the fact, what the file says and what is needed.
    """
    family, backbone = network.family, network.backbone
    stated = metadata.get("family", family)
    check_held(metadata.get("backbone", ""), stated, network, source)
    if stated != family:
        raise WeightsError(other_family(source, stated, network))
    _check_normalisation(metadata, network, source)
    _check_padding(metadata, network, source)
    activation = "relu6" if backbone == "mobilenetv2" else "relu"
    if metadata.get("activation", activation).lower() != activation:
        _refuse(source, "activation", metadata["activation"], activation, network)
    return _folded(metadata, source)


def check_held(holds: str, family: str, network: Network, source: str) -> None:
    """Raise WeightsError where a file holds another backbone than `network`. holds: "" where that is not known."""
    wanted = network.backbone
    if holds not in ("", wanted):
        raise WeightsError(
            f"{source} holds the weights of {holds}, the recipe asks for {wanted}: give weights of {wanted}, or "
            f"set network.backbone={holds} and network.family={family}"
        )


def other_family(source: str, found: str, network: Network) -> str:
    """The line for weights of another family than the recipe's, or of another backbone, which no family mends."""
    from crackscope.networks.building import FAMILIES as TAKEN

    backbone, wanted = network.backbone, family_of(network)
    having = [name for name, families in TAKEN.items() if found in families]
    if having and backbone not in having:
        return (
            f"{source} holds weights of family {found}, of which there is no {backbone} but {' or '.join(having)}: "
            f"give weights of {backbone}, or a recipe of that network with network.family={found}"
        )
    return (
        f"{source} holds weights of family {found}, the recipe asks for {wanted}: "
        f"{f'set network.family={found}, or ' if having else ''}give a file of family {wanted}"
    )


def normalisation_of(network: Network) -> str | None:
    """How pixels reach a backbone of this family, in words; None where it is not fixed (timm)."""
    if network.family == "torchvision":
        return _IMAGENET
    if network.family == "tf-slim":
        return _CENTRED
    return _KERAS_NORMALISATION.get(network.backbone) if network.family == "keras" else None


def _check_normalisation(metadata: Mapping[str, str], network: Network, source: str) -> None:
    wanted, stated = normalisation_of(network), metadata.get("normalisation")
    if wanted is not None and stated is not None and _facts(stated) != _facts(wanted):
        _refuse(source, "normalisation", stated, wanted, network)


def _facts(text: str) -> list[str | float]:
    """The order of channels, the signs and the numbers of a normalisation, in order, without the words between."""
    facts: list[str | float] = []
    for token in _FACT.findall(text.lower()):
        facts.append(float(token) if token[-1].isdigit() else _SIGNS.get(token, token))
    return facts


def _check_padding(metadata: Mapping[str, str], network: Network, source: str) -> None:
    stated = metadata.get("padding")
    if stated is None or network.family == "timm" or (network.family, network.backbone) == ("keras", "vgg16"):
        return
    text = stated.lower()
    same = bool(re.search(r"\bsame\b|bottom.{0,5}right", text))
    symmetric = "symmetric" in text
    if network.family == "tf-slim":
        pool = re.search(r"max ?pool[^;]*\bsame\b", text)
        if not pool:
            _refuse(source, "padding", stated, "the max pool padded as TensorFlow SAME does", network)
        return
    wants_same = (network.family, network.backbone) == ("keras", "mobilenetv2")
    if (same, symmetric) != (wants_same, not wants_same):
        wanted = "TensorFlow SAME (bottom and right only on even input)" if wants_same else "symmetric"
        _refuse(source, "padding", stated, wanted, network)


def _folded(metadata: Mapping[str, str], source: str) -> bool:
    stated = metadata.get("bn", "separate").lower()
    if stated.startswith("folded"):
        return True
    if stated in ("separate", "kept", "none", ""):
        return False
    raise WeightsError(f"the header of {source} says bn {stated!r}: only 'folded' and 'separate' are known")


def _refuse(source: str, fact: str, stated: str, wanted: str, network: Network) -> NoReturn:
    raise WeightsError(
        f"the header of {source} says {fact} {stated!r}, but {network.backbone} of family {network.family} "
        f"has {wanted!r}: "
        "set network.family to the one that fits, or give another file"
    )
