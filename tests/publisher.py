"""What the tests of downloads share: a file as Keras writes them, where it is published, and asking for it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from crackscope.errors import WeightsError
from crackscope.networks.weights import Patience, Weights, find_weights
from crackscope.recipes import Network
from tests.standin_server import StandIn

KERAS = Network(backbone="mobilenetv2", family="keras")
KERAS_PATH = (
    "/storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
)
KERAS_NAME = KERAS_PATH.rsplit("/", 1)[1]
ONCE = Patience(timeout_s=20, delays=())
WAYS = "give --weights FILE, a bundle, --weights default, or --weights none for random ones"


def find(cache: Path, patience: Patience = ONCE, network: Network = KERAS) -> Weights:
    weights = find_weights(network, cache=cache, patience=patience)
    assert weights is not None
    return weights


def refusal(cache: Path, patience: Patience = ONCE, network: Network = KERAS) -> str:
    with pytest.raises(WeightsError) as caught:
        find_weights(network, cache=cache, patience=patience)
    text = str(caught.value)
    assert "\n" not in text
    return text


def is_whole(weights: Weights, body: bytes) -> bool:
    return weights.sha256 == hashlib.sha256(body).hexdigest() and set(weights.tensors) == {"Conv1/kernel"}


@contextmanager
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    server = StandIn()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CRACKSCOPE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", server.url)
    yield server
    server.close()


def small_keras_file(folder: Path) -> bytes:
    """A small file as Keras writes them, 100-odd kB."""
    path = folder / "small.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"Conv1"]
        layer = file.create_group("Conv1")
        layer.attrs["weight_names"] = [b"Conv1/kernel:0"]
        layer.create_dataset("Conv1/kernel:0", data=np.random.default_rng(0).normal(size=(3, 3, 3, 1000)).astype("f4"))
    return path.read_bytes()
