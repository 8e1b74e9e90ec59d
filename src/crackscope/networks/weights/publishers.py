"""Where the publishers keep the weights of each backbone, and the hashes that they state.

Facts from the sources of keras.applications and torchvision.models; torchvision's are its IMAGENET1K_V1 weights, which
`pretrained=True` has always meant and the published recipes used. The eight hex digits in a torchvision name begin the
SHA-256 of the file. Keras states an MD5 for all but MobileNetV2. Its SHA-256 is what three projects wrote down, each by
itself; one names its source, the release of the author of the weights (JonathanCMitchell/mobilenet_v2_keras, v1.1).
"""

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crackscope.errors import WeightsError
from crackscope.recipes import Network

MIRROR_VARIABLE = "CRACKSCOPE_WEIGHTS_MIRROR"

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_TORCHVISION = "https://download.pytorch.org/models/"
_HUB = "https://huggingface.co/timm/"
_TIMM_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")


@dataclass(frozen=True)
class Published:
    """One file of a publisher.

    words: what it is, for messages. name: of the file in the cache. url: whole address.
    algorithm, digest: md5 or sha256 and its lower-case hex digits, or the first of them; "" where none is stated.
    """

    words: str
    name: str
    url: str
    algorithm: str = ""
    digest: str = ""

    @property
    def host(self) -> str:
        """The host that is asked, with its port where the address names one."""
        parts = urlsplit(self.url)
        return parts.netloc.rpartition("@")[2]


def _keras(words: str, path: str, digest: str) -> Published:
    algorithm = {32: "md5", 64: "sha256"}[len(digest)]
    return Published(f"Keras' {words}", path.rsplit("/", 1)[-1], _KERAS + path, algorithm, digest)


def _torchvision(words: str, name: str) -> Published:
    digits = name.removesuffix(".pth").rsplit("-", 1)[-1]
    return Published(f"torchvision's {words}", name, _TORCHVISION + name, "sha256", digits)


_TABLE: dict[tuple[str, str], Published] = {
    ("keras", "mobilenetv2"): _keras(
        "MobileNetV2",
        "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "f8aff69536bd77a692c594f559c798c19bf7f3f36668fc9fa00b21c6aab4797c",
    ),
    ("keras", "resnet50"): _keras(
        "ResNet50",
        "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    ("keras", "resnet50v2"): _keras(
        "ResNet50V2",
        "resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "fac2f116257151a9d068a22e544a4917",
    ),
    ("keras", "vgg16"): _keras(
        "VGG16", "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc"
    ),
    ("torchvision", "mobilenetv2"): _torchvision("MobileNetV2", "mobilenet_v2-b0353104.pth"),
    ("torchvision", "resnet50"): _torchvision("ResNet50", "resnet50-0676ba61.pth"),
    ("torchvision", "vgg16"): _torchvision("VGG16", "vgg16-397923af.pth"),
}


def family_of(network: Network) -> str:
    """The family that a network takes: timm for `timm:NAME`, else what the recipe says."""
    return "timm" if network.backbone.startswith("timm:") else network.family


def published(network: Network) -> Published:
    """The publisher's file for a network, at the mirror that CRACKSCOPE_WEIGHTS_MIRROR names, if any.

    A mirror holds a file of https://HOST/PATH at MIRROR/HOST/PATH, as `wget --force-directories` lays them out.
    Raises WeightsError where no publisher has a readable file.
    """
    family = family_of(network)
    if family == "timm":
        return _mirrored(_timm(network.backbone))
    entry = _TABLE.get((family, network.backbone))
    if entry is None:
        raise WeightsError(_unpublished(family, network.backbone))
    return _mirrored(entry)


def _timm(backbone: str) -> Published:
    name = backbone.removeprefix("timm:")
    if not _TIMM_NAME.fullmatch(name):
        raise WeightsError(f"{backbone!r} is no timm backbone: write timm:NAME or timm:NAME.TAG")
    if "." not in name:
        name = _default_tag(name)
    return Published(f"timm's {name}", f"timm--{name}.safetensors", f"{_HUB}{name}/resolve/main/model.safetensors")


def _default_tag(name: str) -> str:
    """NAME.TAG, by timm's own register where timm can be imported; the bare name otherwise."""
    try:
        from timm.models import get_pretrained_cfg

        found = get_pretrained_cfg(name)
    except (ImportError, RuntimeError):
        return name
    tag = getattr(found, "tag", "") or ""
    return f"{name}.{tag}" if tag else name


def _unpublished(family: str, backbone: str) -> str:
    if (family, backbone) == ("tf-slim", "resnet50v2"):
        return (
            "TF-slim publishes ResNet50V2 as a TensorFlow checkpoint only, which is not read here: give --weights FILE"
        )
    having = [of for of, name in _TABLE if name == backbone]
    known = f"family {' or '.join(having)}" if having else "no family"
    return (
        f"no publisher's weights are known for {backbone} of family {family} (known: {known}): "
        "give --weights FILE, or --weights none for random ones"
    )


def _mirrored(entry: Published) -> Published:
    mirror = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
    if not mirror:
        return entry
    parts = urlsplit(mirror)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise WeightsError(f"{MIRROR_VARIABLE} must be http://HOST or https://HOST, without a name and password in it")
    address = f"{mirror}/{entry.url.removeprefix('https://')}"
    return Published(entry.words, entry.name, address, entry.algorithm, entry.digest)
