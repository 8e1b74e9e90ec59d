"""What the tests of downloads share: a small file of a publisher who states no hash of it, and asking for it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from crackscope.errors import WeightsError
from crackscope.networks.weights import Patience, Weights, find_weights
from crackscope.recipes import Network
from tests.standin_server import StandIn

SMALL = Network(backbone="timm:small.a1", family="timm")
SMALL_PATH = "/huggingface.co/timm/small.a1/resolve/main/model.safetensors"
SMALL_NAME = "timm--small.a1.safetensors"
KERAS_PATH = (
    "/storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
)
ONCE = Patience(timeout_s=20, delays=())
OFFLINE = "; to learn offline, in minutes, call it with --recipe probe --weights default"
WAYS = "give --weights FILE, a bundle, or --weights none for random ones" + OFFLINE


def find(cache: Path, patience: Patience = ONCE, network: Network = SMALL) -> Weights:
    weights = find_weights(network, cache=cache, patience=patience)
    assert weights is not None
    return weights


def refusal(cache: Path, patience: Patience = ONCE, network: Network = SMALL) -> str:
    with pytest.raises(WeightsError) as caught:
        find_weights(network, cache=cache, patience=patience)
    text = str(caught.value)
    assert "\n" not in text
    return text


def is_whole(weights: Weights, body: bytes) -> bool:
    return weights.sha256 == hashlib.sha256(body).hexdigest() and set(weights.tensors) == {"stem.weight"}


@contextmanager
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    server = StandIn()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CRACKSCOPE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", server.url)
    yield server
    server.close()


def small_file() -> bytes:
    """A small file as timm publishes them, 100-odd kB."""
    kernel = np.random.default_rng(0).normal(size=(1000, 3, 3, 3)).astype("f4")
    return safetensors.numpy.save({"stem.weight": kernel}, metadata={"format": "pt"})
