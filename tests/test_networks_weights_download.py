"""Weights from a publisher: a stand-in on loopback, and all that can go wrong on the way from it."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscope.networks.weights import Patience
from crackscope.recipes import Network
from tests.publisher import KERAS_PATH, SMALL_NAME, SMALL_PATH, WAYS, find, is_whole, publisher, refusal, small_file
from tests.standin_server import Served, StandIn


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with publisher(monkeypatch) as server:
        yield server


@pytest.fixture(scope="module")
def body() -> bytes:
    return small_file()


def test_a_cut_connection_is_gone_on_with(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body, goog=body)
    standin.faults.extend(["cut 40000"])
    assert is_whole(find(tmp_path, Patience(delays=(0,))), body)
    assert [wanted for _, wanted in standin.asked] == ["", "bytes=40000-"]


def test_what_came_is_kept_for_the_next_call(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    standin.faults.extend(["cut"])
    text = refusal(tmp_path)
    assert "broke off" in text
    assert "kept" in text
    assert WAYS in text
    assert not (tmp_path / SMALL_NAME).exists()
    assert is_whole(find(tmp_path), body)
    assert standin.asked[1][1] == f"bytes={len(body) // 2}-"
    assert not list(tmp_path.glob("*.part*"))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 60_000), max_size=5), ranges=st.booleans())
def test_wherever_it_is_cut_the_file_is_the_same(
    standin: StandIn, body: bytes, tmp_path_factory: pytest.TempPathFactory, cuts: list[int], ranges: bool
) -> None:
    standin.ranges = ranges
    standin.files[SMALL_PATH] = Served(body)
    standin.faults.clear()
    standin.faults.extend(f"cut {count}" for count in cuts)
    assert is_whole(find(tmp_path_factory.mktemp("cut"), Patience(delays=(0,) * 5)), body)


def test_a_server_without_ranges_is_asked_for_all(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    standin.ranges = False
    standin.faults.extend(["cut"])
    assert is_whole(find(tmp_path, Patience(delays=(0,))), body)


@pytest.mark.parametrize("manners", ["", "rude"])
def test_a_file_that_changed_meanwhile_comes_whole(standin: StandIn, body: bytes, tmp_path: Path, manners: str) -> None:
    other = bytes(len(body))
    standin.files[SMALL_PATH] = Served(other, etag='"zero"')
    standin.faults.extend(["cut"])
    refusal(tmp_path)
    standin.files[SMALL_PATH] = Served(body, etag='"one"', goog=body)
    standin.faults.extend([manners])
    assert is_whole(find(tmp_path, Patience(delays=(0,))), body)


def test_a_spoilt_first_half_is_fetched_again(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body, goog=body)
    standin.faults.extend(["cut"])
    refusal(tmp_path)
    part = next(tmp_path.glob("*.part"))
    part.write_bytes(bytes(part.stat().st_size))
    assert is_whole(find(tmp_path), body)


@pytest.mark.parametrize("note", [b"{", b'{"url": "\xff"}', b"[" * 100_000])
def test_a_first_half_whose_note_is_damaged_is_fetched_again(
    standin: StandIn, body: bytes, tmp_path: Path, note: bytes
) -> None:
    standin.files[SMALL_PATH] = Served(body, goog=body)
    standin.faults.extend(["cut"])
    refusal(tmp_path)
    next(tmp_path.glob("*.part.json")).write_bytes(note)
    assert is_whole(find(tmp_path), body)


def test_a_wrong_hash_is_named_and_nothing_kept(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body, goog=b"something else")
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
            Network(backbone="mobilenetv2"),
            KERAS_PATH.removeprefix("/"),
            "sha256 f8aff69536bd77a692c594f559c798c19bf7f3f36668fc9fa00b21c6aab4797c expected",
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


def test_what_cannot_be_read_is_not_kept_where_no_hash_is_known(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(np.random.default_rng(0).bytes(300_000))
    text = refusal(tmp_path)
    assert f"what {standin.url.removeprefix('http://')} sent as timm's small.a1 weights cannot be read" in text
    assert not [path for path in tmp_path.iterdir() if path.stat().st_size]
    standin.files[SMALL_PATH] = Served(body)
    assert is_whole(find(tmp_path), body)


def test_what_came_is_kept_while_what_reads_it_is_not_installed(
    standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.files[SMALL_PATH] = Served(body)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "safetensors", None)
        assert "reading weights needs safetensors" in refusal(tmp_path)
    assert is_whole(find(tmp_path), body)
    assert len(standin.asked) == 1


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
    standin.files[SMALL_PATH] = Served(body)
    standin.faults.extend(["503", "429"])
    assert is_whole(find(tmp_path, Patience(delays=(0, 0))), body)


def test_a_host_that_stops_sending(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    standin.faults.extend(["stall"])
    assert "sent nothing for 0.2 s" in refusal(tmp_path, Patience(timeout_s=0.2, delays=()))
    assert is_whole(find(tmp_path), body)


def test_redirects_without_end(standin: StandIn, tmp_path: Path) -> None:
    standin.faults.extend(["loop"])
    assert "round in circles" in refusal(tmp_path)


def test_a_body_without_length(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    standin.faults.extend(["chunked"])
    assert is_whole(find(tmp_path / "chunked"), body)
    standin.faults.extend(["unframed"])
    assert "neither how long" in refusal(tmp_path)
    standin.files[SMALL_PATH] = Served(body, goog=body)
    standin.faults.extend(["unframed"])
    assert is_whole(find(tmp_path), body)


def test_a_compressed_body_is_refused(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body, headers={"Content-Encoding": "gzip"})
    assert "another encoding" in refusal(tmp_path)


def test_a_proxy_of_the_environment_is_asked(
    standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", "http://mirror.invalid")
    monkeypatch.setenv("http_proxy", standin.url)
    monkeypatch.setenv("no_proxy", "")
    standin.files[f"http://mirror.invalid{SMALL_PATH}"] = Served(body)
    assert is_whole(find(tmp_path), body)


@pytest.mark.parametrize("mirror", ["ftp://host", "host/path", "https://", "https://name:secret@host"])
def test_a_mirror_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", mirror)
    text = refusal(tmp_path)
    assert "CRACKSCOPE_WEIGHTS_MIRROR" in text
    assert "secret" not in text


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
