"""The cache of weights: what stays there, full disks, two processes at once, and no network."""

import hashlib
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from crackscope.errors import WeightsError
from crackscope.networks import build
from crackscope.networks.weights import Patience, find_weights
from crackscope.recipes import Head, Network
from tests.publisher import (
    OFFLINE,
    ONCE,
    SMALL,
    SMALL_NAME,
    SMALL_PATH,
    WAYS,
    find,
    is_whole,
    publisher,
    refusal,
    small_file,
)
from tests.standin_server import Served, StandIn


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with publisher(monkeypatch) as server:
        yield server


@pytest.fixture(scope="module")
def body() -> bytes:
    return small_file()


def test_no_home_to_keep_them_in_and_one_that_nobody_has_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: int) -> object:
        raise KeyError

    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME", "CRACKSCOPE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(WeightsError, match="no home folder is known to keep weights in: set CRACKSCOPE_CACHE"):
        find_weights(SMALL)
    with pytest.raises(WeightsError, match="there is no weights file or bundle ~no-such-user/x: give a path"):
        find_weights(msgspec.structs.replace(SMALL, weights="~no-such-user/x"))
    assert list(tmp_path.iterdir()) == []


def test_a_download_is_read_and_kept(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body, goog=body)
    seen: list[tuple[int, int]] = []
    weights = find_weights(SMALL, cache=tmp_path / "new", progress=lambda *now: seen.append(now), patience=ONCE)
    assert weights is not None
    assert is_whole(weights, body)
    assert weights.family == "timm"
    assert weights.source == standin.url + SMALL_PATH
    assert seen == sorted(seen)
    assert seen[-1] == (len(body), len(body))
    standin.close()
    assert is_whole(find(tmp_path / "new"), body)
    assert len(standin.asked) == 1


def test_the_cache_is_where_the_environment_says(
    standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.files[SMALL_PATH] = Served(body)
    monkeypatch.setenv("CRACKSCOPE_CACHE", str(tmp_path / "here"))
    find_weights(SMALL, patience=ONCE)
    assert (tmp_path / "here" / SMALL_NAME).read_bytes() == body
    monkeypatch.delenv("CRACKSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    find_weights(SMALL, patience=ONCE)
    assert (tmp_path / "xdg" / "crackscope" / SMALL_NAME).read_bytes() == body


def test_no_network_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("CRACKSCOPE_WEIGHTS_MIRROR", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        text = refusal(tmp_path, Patience())
    assert text.startswith(f"timm's small.a1 weights are not in the cache ({tmp_path}) and 127.0.0.1:{port} cannot")
    assert text.endswith(WAYS)


def test_offline_asks_no_one(standin: StandIn, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standin.files[SMALL_PATH] = Served(body)
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
    standin.files[SMALL_PATH] = Served(body)
    find(tmp_path)
    kept = tmp_path / SMALL_NAME
    kept.write_bytes(body[:-1] + b"?")
    assert is_whole(find(tmp_path), body)
    assert len(standin.asked) == 2
    kept.write_bytes(body[:100])
    monkeypatch.setenv("CRACKSCOPE_OFFLINE", "1")
    assert "were damaged and are removed" in refusal(tmp_path)
    assert not kept.exists()


@pytest.mark.parametrize("record", [b"{", b'{"url": "\xff"}', b"[" * 100_000])
def test_a_damaged_record_of_a_whole_file_is_written_anew(
    standin: StandIn, body: bytes, tmp_path: Path, record: bytes
) -> None:
    standin.files[SMALL_PATH] = Served(body)
    find(tmp_path)
    told = (tmp_path / f"{SMALL_NAME}.json").read_bytes()
    (tmp_path / f"{SMALL_NAME}.json").write_bytes(record)
    assert is_whole(find(tmp_path), body)
    assert (tmp_path / f"{SMALL_NAME}.json").read_bytes() == told
    assert len(standin.asked) == 1


def test_a_file_put_into_the_cache_by_hand_is_taken(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    (tmp_path / SMALL_NAME).write_bytes(body)
    assert is_whole(find(tmp_path), body)
    assert not standin.asked
    assert json.loads((tmp_path / f"{SMALL_NAME}.json").read_text())["size"] == len(body)


def test_a_file_of_the_cache_that_cannot_be_read_is_named_with_what_to_do(standin: StandIn, tmp_path: Path) -> None:
    kept = tmp_path / SMALL_NAME
    kept.write_bytes(bytes(1000))
    assert refusal(tmp_path).endswith(f"; if it is damaged, delete {kept}, and it is fetched again")
    assert kept.exists()
    assert not standin.asked


@pytest.mark.parametrize(
    ("network", "default"),
    [
        (Network(backbone="mobilenetv2"), "--weights default with --set network.cut=block_16, "),
        (Network(backbone="mobilenetv2", cut="block_16"), "--weights default, "),
        (Network(backbone="mobilenetv2", cut="block_3"), "--weights default, "),
        (Network(backbone="mobilenetv2", family="torchvision"), ""),
        (Network(backbone="vgg16"), ""),
        (Network(backbone="resnet50"), ""),
    ],
)
def test_the_bundle_in_the_package_is_offered_where_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network, default: str
) -> None:
    monkeypatch.setenv("CRACKSCOPE_OFFLINE", "1")
    text = refusal(tmp_path, network=network)
    assert text.endswith(f": give --weights FILE, a bundle, {default}or --weights none for random ones{OFFLINE}")
    if default:
        cut = re.search(r"network\.cut=(\w+)", default)
        offered = msgspec.structs.replace(network, weights="default", cut=cut[1] if cut else network.cut)
        build(offered, Head(), find_weights(offered))


def test_more_than_the_disk_holds_is_refused_before_it_comes(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    standin.faults.extend([f"claims {10**18}"])
    text = refusal(tmp_path)
    assert "1,000,000,000,000.0 MB" in text
    assert str(tmp_path) in text
    assert "CRACKSCOPE_CACHE" in text
    assert not (tmp_path / SMALL_NAME).exists()


CHILD = """
import sys, resource, pathlib
from crackscope.networks.weights import Patience, find_weights
from crackscope.recipes import Network
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    network = Network(backbone="timm:small.a1", family="timm")
    found = find_weights(network, cache=pathlib.Path(sys.argv[1]), patience=Patience(20, ()))
    print(found.sha256)
except Exception as error:
    print(type(error).__name__, error)
"""


def child(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.skipif(sys.platform == "win32", reason="wants a limit on the size of files")
def test_a_disk_that_fills_up_on_the_way(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    with child(str(tmp_path), "50000") as running:
        said, _ = running.communicate(timeout=60)
    assert said.startswith(f"WeightsError the disk of the cache {tmp_path} is full: the weights need 0.1 MB")
    assert said.count("\n") == 1
    assert not [path for path in tmp_path.iterdir() if path.stat().st_size]
    assert is_whole(find(tmp_path), body)


def test_two_processes_fetch_one_file_once(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body)
    with child(str(tmp_path)) as first, child(str(tmp_path)) as second:
        said = [running.communicate(timeout=60)[0].strip() for running in (first, second)]
    assert said == [hashlib.sha256(body).hexdigest()] * 2
    assert len(standin.asked) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="wants SIGKILL")
def test_a_killed_download_is_gone_on_with(standin: StandIn, body: bytes, tmp_path: Path) -> None:
    standin.files[SMALL_PATH] = Served(body, goog=body)
    standin.faults.extend(["stall"])
    with child(str(tmp_path)) as running:
        assert standin.stalled.wait(60)
        running.send_signal(signal.SIGKILL)
    assert not (tmp_path / SMALL_NAME).exists()
    assert is_whole(find(tmp_path), body)


def test_a_cache_that_cannot_be_written(standin: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "CRACKSCOPE_CACHE" in refusal(tmp_path / "file" / "cache")
