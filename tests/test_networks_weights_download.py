"""Weights from a publisher: a stand-in on loopback, and all that can go wrong between it and the cache."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscope.errors import WeightsError
from crackscope.networks.weights import Patience, Weights, find_weights
from crackscope.recipes import Network
from standin_server import Served, StandIn

KERAS = Network(backbone="mobilenetv2", family="keras")
KERAS_PATH = (
    "/storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
)
KERAS_NAME = KERAS_PATH.rsplit("/", 1)[1]
ONCE = Patience(timeout_s=20, delays=())
WAYS = "give --weights FILE, a bundle, --weights default, or --weights none for random ones"


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    server = StandIn()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CRACKSCOPE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", server.url)
    yield server
    server.close()


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small file as Keras writes them, 100-odd kB."""
    path = tmp_path_factory.mktemp("keras") / "small.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"Conv1"]
        layer = file.create_group("Conv1")
        layer.attrs["weight_names"] = [b"Conv1/kernel:0"]
        layer.create_dataset("Conv1/kernel:0", data=np.random.default_rng(0).normal(size=(3, 3, 3, 1000)).astype("f4"))
    return path.read_bytes()


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


def test_a_download_is_read_and_kept(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body, goog=body)
    seen: list[tuple[int, int]] = []
    weights = find_weights(KERAS, cache=tmp_path / "new", progress=lambda *now: seen.append(now), patience=ONCE)
    assert weights is not None
    assert is_whole(weights, body)
    assert weights.family == "keras"
    assert weights.source == standin.url + KERAS_PATH
    assert seen == sorted(seen)
    assert seen[-1] == (len(body), len(body))
    standin.close()
    assert is_whole(find(tmp_path / "new"), body)
    assert len(standin.asked) == 1


def test_the_cache_is_where_the_environment_says(
    standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.files[KERAS_PATH] = Served(body)
    monkeypatch.setenv("CRACKSCOPE_CACHE", str(tmp_path / "here"))
    find_weights(KERAS, patience=ONCE)
    assert (tmp_path / "here" / KERAS_NAME).read_bytes() == body
    monkeypatch.delenv("CRACKSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    find_weights(KERAS, patience=ONCE)
    assert (tmp_path / "xdg" / "crackscope" / KERAS_NAME).read_bytes() == body


def test_a_cut_connection_is_gone_on_with(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body, goog=body)
    standin.faults.extend(["cut 40000"])
    assert is_whole(find(tmp_path, Patience(delays=(0,))), body)
    assert [wanted for _, wanted in standin.asked] == ["", "bytes=40000-"]


def test_what_came_is_kept_for_the_next_call(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    standin.faults.extend(["cut"])
    text = refusal(tmp_path)
    assert "broke off" in text
    assert "kept" in text
    assert WAYS in text
    assert not (tmp_path / KERAS_NAME).exists()
    assert is_whole(find(tmp_path), body)
    assert standin.asked[1][1] == f"bytes={len(body) // 2}-"
    assert not list(tmp_path.glob("*.part*"))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 60_000), max_size=5), ranges=st.booleans())
def test_wherever_it_is_cut_the_file_is_the_same(
    standin: StandIn, body: bytes, tmp_path_factory: pytest.TempPathFactory, cuts: list[int], ranges: bool
) -> None:
    standin.ranges = ranges
    standin.files[KERAS_PATH] = Served(body)
    standin.faults.clear()
    standin.faults.extend(f"cut {count}" for count in cuts)
    assert is_whole(find(tmp_path_factory.mktemp("cut"), Patience(delays=(0,) * 5)), body)


def test_a_server_without_ranges_is_asked_for_all(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    standin.ranges = False
    standin.faults.extend(["cut"])
    assert is_whole(find(tmp_path, Patience(delays=(0,))), body)


@pytest.mark.parametrize("manners", ["", "rude"])
def test_a_file_that_changed_meanwhile_comes_whole(standin: StandIn, body: bytes, tmp_path: Path, manners: str) -> None:
    other = bytes(len(body))
    standin.files[KERAS_PATH] = Served(other, etag='"zero"')
    standin.faults.extend(["cut"])
    refusal(tmp_path)
    standin.files[KERAS_PATH] = Served(body, etag='"one"', goog=body)
    standin.faults.extend([manners])
    assert is_whole(find(tmp_path, Patience(delays=(0,))), body)


def test_a_spoilt_first_half_is_fetched_again(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body, goog=body)
    standin.faults.extend(["cut"])
    refusal(tmp_path)
    part = next(tmp_path.glob("*.part"))
    part.write_bytes(bytes(part.stat().st_size))
    assert is_whole(find(tmp_path), body)


def test_a_wrong_hash_is_named_and_nothing_kept(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body, goog=b"something else")
    text = refusal(tmp_path)
    assert hashlib.md5(b"something else").hexdigest() in text
    assert hashlib.md5(body).hexdigest() in text
    assert not [path for path in tmp_path.iterdir() if path.stat().st_size]


@pytest.mark.parametrize(
    ("network", "path", "expected"),
    [
        (
            Network(backbone="resnet50"),
            "storage.googleapis.com/tensorflow/keras-applications/resnet/"
            "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "md5 4d473c1dd8becc155b73f8504c6f6626 expected",
        ),
        (
            Network(backbone="resnet50", family="torchvision"),
            "download.pytorch.org/models/resnet50-0676ba61.pth",
            "sha256 0676ba61 expected",
        ),
    ],
)
def test_the_hash_that_a_publisher_states_in_its_source_holds(
    standin: StandIn, body: bytes, tmp_path: Path, network: Network, path: str, expected: str
) -> None:
    standin.files[f"/{path}"] = Served(body)
    assert expected in refusal(tmp_path, network=network)


def test_a_hub_states_the_hash_on_its_redirect(standin: StandIn, tmp_path: Path) -> None:
    body = safetensors.numpy.save({"stem.weight": np.ones((2, 2), "f4")}, metadata={"format": "pt"})
    network = Network(backbone="timm:tiny.a1", family="timm")
    standin.files["/huggingface.co/timm/tiny.a1/resolve/main/model.safetensors"] = Served(body)
    standin.faults.extend([f'redirect "{"0" * 64}"'])
    assert f"sha256 {'0' * 64} expected" in refusal(tmp_path, network=network)
    standin.faults.extend([f'redirect "{hashlib.sha256(body).hexdigest()}"'])
    weights = find(tmp_path, network=network)
    assert weights.family == "timm"
    assert list(weights.tensors) == ["stem.weight"]
    assert (tmp_path / "timm--tiny.a1.safetensors").exists()


def test_a_timm_name_that_the_hub_does_not_have(standin: StandIn, tmp_path: Path) -> None:
    text = refusal(tmp_path, network=Network(backbone="timm:nothing", family="timm"))
    assert "404" in text
    assert "timm:NAME.TAG" in text


@pytest.mark.parametrize("status", ["404", "403", "503"])
def test_a_host_that_refuses(standin: StandIn, tmp_path: Path, status: str) -> None:
    standin.faults.extend([status] * 3)
    text = refusal(tmp_path, Patience(delays=(0, 0)))
    assert f"answers {status}" in text
    assert WAYS in text
    assert len(standin.asked) == (3 if status == "503" else 1)


def test_a_host_that_is_busy_for_a_while(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    standin.faults.extend(["503", "429"])
    assert is_whole(find(tmp_path, Patience(delays=(0, 0))), body)


def test_a_host_that_stops_sending(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    standin.faults.extend(["stall"])
    assert "sent nothing for 0.2 s" in refusal(tmp_path, Patience(timeout_s=0.2, delays=()))
    assert is_whole(find(tmp_path), body)


def test_redirects_without_end(standin: StandIn, tmp_path: Path) -> None:
    standin.faults.extend(["loop"])
    assert "round in circles" in refusal(tmp_path)


def test_a_body_without_length(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    standin.faults.extend(["chunked"])
    assert is_whole(find(tmp_path / "chunked"), body)
    standin.faults.extend(["unframed"])
    assert "neither how long" in refusal(tmp_path)
    standin.files[KERAS_PATH] = Served(body, goog=body)
    standin.faults.extend(["unframed"])
    assert is_whole(find(tmp_path), body)


def test_a_compressed_body_is_refused(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body, headers={"Content-Encoding": "gzip"})
    assert "another encoding" in refusal(tmp_path)


def test_no_network_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        text = refusal(tmp_path, Patience())
    assert text.startswith(f"Keras' MobileNetV2 weights are not in the cache ({tmp_path}) and 127.0.0.1:{port} cannot")
    assert text.endswith(WAYS)


def test_offline_asks_no_one(standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standin.files[KERAS_PATH] = Served(body)
    monkeypatch.setenv("CRACKSCOPE_OFFLINE", "1")
    text = refusal(tmp_path)
    assert "CRACKSCOPE_OFFLINE" in text
    assert WAYS in text
    assert not standin.asked
    monkeypatch.setenv("CRACKSCOPE_OFFLINE", "0")
    find(tmp_path)
    monkeypatch.setenv("CRACKSCOPE_OFFLINE", "1")
    assert is_whole(find(tmp_path), body)


def test_a_damaged_copy_is_never_used(
    standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.files[KERAS_PATH] = Served(body)
    find(tmp_path)
    kept = tmp_path / KERAS_NAME
    kept.write_bytes(body[:-1] + b"?")
    assert is_whole(find(tmp_path), body)
    assert len(standin.asked) == 2
    kept.write_bytes(body[:100])
    monkeypatch.setenv("CRACKSCOPE_OFFLINE", "1")
    assert "were damaged and are removed" in refusal(tmp_path)
    assert not kept.exists()


def test_a_file_put_into_the_cache_by_hand_is_taken(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    (tmp_path / KERAS_NAME).write_bytes(body)
    assert is_whole(find(tmp_path), body)
    assert not standin.asked
    assert json.loads((tmp_path / f"{KERAS_NAME}.json").read_text())["size"] == len(body)


def test_more_than_the_disk_holds_is_refused_before_it_comes(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    standin.faults.extend([f"claims {10**18}"])
    text = refusal(tmp_path)
    assert "1,000,000,000,000.0 MB" in text
    assert str(tmp_path) in text
    assert "CRACKSCOPE_CACHE" in text
    assert not (tmp_path / KERAS_NAME).exists()


CHILD = """
import sys, resource, pathlib
from crackscope.networks.weights import Patience, find_weights
from crackscope.recipes import Network
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    found = find_weights(Network(backbone="mobilenetv2"), cache=pathlib.Path(sys.argv[1]), patience=Patience(20, ()))
    print(found.sha256)
except Exception as error:
    print(type(error).__name__, error)
"""


def child(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.skipif(sys.platform == "win32", reason="wants a limit on the size of files")
def test_a_disk_that_fills_up_on_the_way(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    with child(str(tmp_path), "50000") as running:
        said, _ = running.communicate(timeout=60)
    assert said.startswith(f"WeightsError the disk of the cache {tmp_path} is full: the weights need 0.1 MB")
    assert said.count("\n") == 1
    assert not [path for path in tmp_path.iterdir() if path.stat().st_size]
    assert is_whole(find(tmp_path), body)


def test_two_processes_fetch_one_file_once(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body)
    with child(str(tmp_path)) as first, child(str(tmp_path)) as second:
        said = [running.communicate(timeout=60)[0].strip() for running in (first, second)]
    assert said == [hashlib.sha256(body).hexdigest()] * 2
    assert len(standin.asked) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="wants SIGKILL")
def test_a_killed_download_is_gone_on_with(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[KERAS_PATH] = Served(body, goog=body)
    standin.faults.extend(["stall"])
    with child(str(tmp_path)) as running:
        assert standin.stalled.wait(60)
        running.send_signal(signal.SIGKILL)
    assert not (tmp_path / KERAS_NAME).exists()
    assert is_whole(find(tmp_path), body)


def test_a_proxy_of_the_environment_is_asked(
    standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", "http://mirror.invalid")
    monkeypatch.setenv("http_proxy", standin.url)
    monkeypatch.setenv("no_proxy", "")
    standin.files[f"http://mirror.invalid{KERAS_PATH}"] = Served(body)
    assert is_whole(find(tmp_path), body)


@pytest.mark.parametrize("mirror", ["ftp://host", "host/path", "https://", "https://name:secret@host"])
def test_a_mirror_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", mirror)
    text = refusal(tmp_path)
    assert "CRACKSCOPE_WEIGHTS_MIRROR" in text
    assert "secret" not in text


def test_a_cache_that_cannot_be_written(standin: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "CRACKSCOPE_CACHE" in refusal(tmp_path / "file" / "cache")


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Network(backbone="resnet50v2", family="tf-slim"), "checkpoint only"),
        (Network(backbone="resnet50v2", family="torchvision"), "known: family keras"),
        (Network(backbone="timm:../up", family="timm"), "timm:NAME.TAG"),
    ],
)
def test_what_no_publisher_has(tmp_path: Path, network: Network, words: str) -> None:
    assert words in refusal(tmp_path, network=network)
