"""A bundle is written as a whole and opened with distrust."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscope.bundles import (
    Manifest,
    default_bundle,
    dump_manifest,
    edition,
    open_bundle,
    parse_manifest,
    write_bundle,
)
from crackscope.errors import BundleError, OutputError
from tests.small_bundle import small_manifest, small_model, write_small_bundle
from tests.small_rights import as_nobody, open_folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bundle(tmp_path_factory.mktemp("bundles") / "small").path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_small_bundle(tmp_path / "small").path


def change(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(manifest | {"digest": ""} | values))


def test_a_bundle_is_opened_by_its_run_and_the_packages_own_by_its_word(bundle: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    with pytest.raises(BundleError, match=r"run is a run without a bundle, .* add -o .*run --resume"):
        open_bundle(run)
    bundle.rename(run / "bundle")
    for name in (run, str(run), run / "bundle"):
        assert open_bundle(name).path == run / "bundle"
    assert edition(run) == edition(run / "bundle") is not None
    assert open_bundle("default").path == default_bundle()
    with pytest.raises(BundleError, match="default is not a folder"):
        open_bundle(Path("default"))


def test_what_is_written_is_what_is_read(whole: Path) -> None:
    opened = open_bundle(whole)
    assert sorted(path.name for path in whole.iterdir()) == ["README.md", "bundle.json", "model.onnx"]
    assert opened.manifest.name == "small"
    assert opened.manifest.hashes.keys() == {"README.md", "model.onnx"}
    assert opened.model == (whole / "model.onnx").read_bytes()
    assert opened.weights is None


def test_two_writings_give_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    again = write_small_bundle(tmp_path / "again").path
    for name in ("bundle.json", "model.onnx", "README.md"):
        assert (bundle / name).read_bytes() == (again / name).read_bytes()


def test_weights_travel_with_the_bundle(bundle: Path, tmp_path: Path) -> None:
    manifest = open_bundle(bundle).manifest
    written = write_bundle(tmp_path / "b", manifest, model=small_model(), weights=b"weights", card="card")
    assert open_bundle(tmp_path / "b").weights == tmp_path / "b" / "weights.safetensors"
    assert written.manifest.hashes.keys() == {"README.md", "model.onnx", "weights.safetensors"}


def test_a_bundle_in_the_way_is_replaced(bundle: Path) -> None:
    manifest = msgspec.structs.replace(open_bundle(bundle).manifest, name="other")
    write_bundle(bundle, manifest, model=small_model(), weights=None, card="card")
    assert open_bundle(bundle).manifest.name == "other"
    assert [path.name for path in bundle.parent.iterdir()] == ["small"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="this system cannot exchange folders in one step")
def test_at_no_moment_its_name_is_without_a_bundle(bundle: Path) -> None:
    there: list[bool] = []
    looking = True

    def look(event: str, _: tuple[object, ...]) -> None:
        if looking and event.startswith(("os.", "shutil.", "open")):
            there.append((bundle / "bundle.json").exists())

    sys.addaudithook(look)  # which stays for good
    try:
        write_small_bundle(bundle, native=32)
    finally:
        looking = False
    assert there
    assert all(there)
    assert open_bundle(bundle).manifest.input.native == 32


def test_what_was_there_stays_when_the_new_one_cannot_be_moved_in(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a system that cannot exchange folders in one step."""
    monkeypatch.setattr(sys, "platform", "another")
    rename = os.rename

    def full(source: Path, target: Path) -> None:
        if source.suffix == ".part":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, target)

    before = (bundle / "model.onnx").read_bytes()
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(
        OutputError, match=r"cannot write the bundle .*small: no room left on the disk; free some or write elsewhere"
    ):
        write_small_bundle(bundle, native=32)
    assert (bundle / "model.onnx").read_bytes() == before
    assert open_bundle(bundle).manifest.input.native == 64
    assert [path.name for path in bundle.parent.iterdir()] == ["small"]


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from tests.small_bundle import write_small_bundle

left, folder, system = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
write_small_bundle(folder.parent / "kept")  # which also imports all that is needed under the system's own name

def deadly(change):
    def changed(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*arguments, **options)
    return changed

sys.platform = system or sys.platform
os.rename, shutil.rmtree = deadly(os.rename), deadly(shutil.rmtree)
write_small_bundle(folder, native=32)
"""


def killed_at(change: int, folder: Path, system: str = "another") -> None:
    """Write a bundle of 32 px in the place of one, on a system that cannot exchange folders, and be killed right before
    something is moved or removed for the `change`th time."""
    call = [sys.executable, "-c", KILLED, str(change), str(folder), system]
    assert subprocess.run(call, check=False).returncode == -signal.SIGKILL


# Before the old one is moved away; before the new one is moved in; before the old one goes; before the draft would.
@pytest.mark.parametrize("change", [1, 2, 3, 4])
def test_a_kill_loses_no_bundle_and_the_next_writing_tidies_up(bundle: Path, change: int) -> None:
    killed_at(change, bundle)
    before = 64 if change < 3 else 32
    if change == 2:
        with pytest.raises(BundleError, match=r"small is gone, .*; rename .*, back") as caught:
            open_bundle(bundle)
        named = str(caught.value).partition("rename ")[2].partition(", ")[0]
        assert open_bundle(named).manifest.input.native == before
    else:
        assert open_bundle(bundle).manifest.input.native == before
    write_small_bundle(bundle, native=16)
    assert open_bundle(bundle).manifest.input.native == 16
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["kept", "small"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="this system cannot exchange folders in one step")
def test_a_kill_after_an_exchange_leaves_nothing_for_good(bundle: Path) -> None:
    killed_at(1, bundle, "")
    assert open_bundle(bundle).manifest.input.native == 32
    assert len(list(bundle.parent.iterdir())) == 3
    write_small_bundle(bundle)
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["kept", "small"]


def test_what_a_kill_set_aside_is_back_when_the_next_writing_fails(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at(2, bundle)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refused)
        with pytest.raises(OutputError, match="no room left on the disk"):
            write_small_bundle(bundle, native=16)
    assert open_bundle(bundle).manifest.input.native == 64


def refused(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_name_as_long_as_the_system_takes(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / ("x" * 255)).path
    assert open_bundle(write_small_bundle(bundle, native=32).path).manifest.input.native == 32
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 255]


def test_anything_else_in_the_way_is_kept(tmp_path: Path, whole: Path) -> None:
    manifest = open_bundle(whole).manifest
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "wall.jpg").write_bytes(b"mine")
    (tmp_path / "file").write_bytes(b"mine")
    for name in ("photos", "file"):
        with pytest.raises(BundleError, match="name another folder"):
            write_bundle(tmp_path / name, manifest, model=small_model(), weights=None, card="")
    assert (tmp_path / "photos" / "wall.jpg").read_bytes() == b"mine"


def test_a_folder_that_cannot_be_written(whole: Path) -> None:
    manifest = open_bundle(whole).manifest
    with open_folder() as folder:
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(OutputError, match="cannot write"):
            write_bundle(folder / "b", manifest, model=small_model(), weights=None, card="")


def test_a_place_below_a_file_cannot_be_written(tmp_path: Path, whole: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot write"):
        write_bundle(tmp_path / "file" / "b", open_bundle(whole).manifest, model=small_model(), weights=None, card="")


def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path, whole: Path) -> None:
    there = open_bundle(whole)
    for far in (tmp_path / ("x" * 300), tmp_path / ("y" * 300) / "bundle"):
        with pytest.raises(BundleError, match=r"cannot be seen .*name too long.*name another, or check"):
            write_bundle(far, there.manifest, model=there.model, weights=None, card="a card")
        with pytest.raises(BundleError, match=r"cannot be looked into .*name too long.*check its name"):
            open_bundle(far)


WITHOUT_RIGHTS = """
import os, sys
from crackscope.bundles import open_bundle, write_bundle
from crackscope.errors import BundleError

whole, closed = sys.argv[1:]
there = open_bundle(whole)
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
for act in (
    lambda: write_bundle(closed, there.manifest, model=there.model, weights=None, card="a card"),
    lambda: write_bundle(closed + "/below", there.manifest, model=there.model, weights=None, card="a card"),
    lambda: open_bundle(closed),
    lambda: open_bundle(closed + "/below"),
):
    try:
        act()
    except BundleError as error:
        print(error)
"""


def test_a_folder_that_may_not_be_looked_into_is_one_line(tmp_path: Path, whole: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    tmp_path.chmod(0o755)
    # From within the folder, since what lies above it is closed to others, too.
    call = [sys.executable, "-c", WITHOUT_RIGHTS, str(whole), closed.name]
    told = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    closed.chmod(0o755)
    assert told.stderr == ""
    lines = told.stdout.splitlines()
    assert len(lines) == 4
    assert all("Permission denied" in line and "rights" in line for line in lines)


def test_what_could_not_be_opened_again_is_not_written(bundle: Path) -> None:
    manifest = msgspec.structs.replace(open_bundle(bundle).manifest, name="x" * 5000)
    with pytest.raises(BundleError, match=r"length <= 4096 - at `\$\.name`"):
        write_bundle(bundle, manifest, model=small_model(), weights=None, card="card")
    assert open_bundle(bundle).manifest.name == "small"


def test_golden_outputs_are_not_left_out(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="golden"):
        write_bundle(tmp_path / "b", small_manifest(), model=small_model(), weights=None, card="")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["model.onnx", "bundle.json", "README.md"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        open_bundle(bundle)


@pytest.mark.parametrize("name", ["model.onnx", "README.md"])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_bit_is_noticed(bundle: Path, name: str, where: float, bit: int) -> None:
    data = bytearray((bundle / name).read_bytes())
    place = int(where * len(data))
    data[place] ^= 1 << bit
    (bundle / name).write_bytes(data)
    with pytest.raises(BundleError, match=r"altered or is damaged"):
        open_bundle(bundle)
    data[place] ^= 1 << bit
    (bundle / name).write_bytes(data)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_bit_in_the_manifest_is_noticed(bundle: Path, where: float, bit: int) -> None:
    data = (bundle / "bundle.json").read_bytes()
    place, key = int(where * len(data)), data.index(b'"digest"')
    # A key of another name says nothing, as in bundles made before there was one.
    if not key <= place < key + len('"digest"'):
        changed = data[:place] + bytes((data[place] ^ 1 << bit,)) + data[place + 1 :]
        with pytest.raises(BundleError):
            parse_manifest(changed, "bundle.json")


def test_a_manifest_changed_by_hand_says_so(bundle: Path) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps(manifest | {"threshold": 0.9}, indent=2))
    with pytest.raises(BundleError, match=r"own sha256 differs.*take its digest out"):
        open_bundle(bundle)
    del manifest["digest"]
    (bundle / "bundle.json").write_text(json.dumps(manifest | {"threshold": 0.9}, indent=2))
    assert open_bundle(bundle).manifest.threshold == 0.9


@pytest.mark.parametrize("name", ["model.onnx", "bundle.json", "README.md"])
def test_links_are_refused(bundle: Path, name: str) -> None:
    outside = bundle.parent / "outside"
    (bundle / name).rename(outside)
    (bundle / name).symlink_to(outside)
    with pytest.raises(BundleError, match="is a link"):
        open_bundle(bundle)


def test_a_folder_in_place_of_a_file_is_refused(bundle: Path) -> None:
    (bundle / "README.md").unlink()
    (bundle / "README.md").mkdir()
    with pytest.raises(BundleError, match="README"):
        open_bundle(bundle)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_place_of_a_file_does_not_hang(bundle: Path) -> None:
    (bundle / "README.md").unlink()
    os.mkfifo(bundle / "README.md")
    with pytest.raises(BundleError, match="not a plain file"):
        open_bundle(bundle)


def test_a_file_larger_than_such_a_file_may_be_is_not_read(bundle: Path) -> None:
    with open(bundle / "README.md", "r+b") as file:
        file.truncate(5 << 20)
    with pytest.raises(BundleError, match=r"5,242,880 bytes long; at most 4,194,304"):
        open_bundle(bundle)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "weights.safetensors/../x", "extra.bin"])
def test_hashes_of_strange_files_are_refused(bundle: Path, name: str) -> None:
    hashes = dict(open_bundle(bundle).manifest.hashes)
    change(bundle, hashes={**hashes, name: "0" * 64})
    with pytest.raises(BundleError, match="not of the files of a bundle"):
        open_bundle(bundle)


def test_a_run_is_told_from_its_bundle(bundle: Path) -> None:
    (bundle.parent / "run").mkdir()
    bundle.rename(bundle.parent / "run" / "bundle")
    with pytest.raises(BundleError, match="its bundle is"):
        open_bundle(bundle.parent / "run")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not a folder"):
        open_bundle(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format": 2}, "update crackscope"),
        ({"format": "1"}, "not a manifest"),
        ({"stride": 0}, "not a manifest"),
        ({"stride": True}, "not a manifest"),
        ({"threshold": 1.5}, "not a manifest"),
        ({"classes": ["crack", "sound"]}, "classes"),
        ({"name": ["x"]}, "not a manifest"),
        ({"input": {"native": None, "fixed": True}}, "native"),
        ({"calibration": {"scale": 0}}, "not a manifest"),
        ({"calibration": {"shift": 1e999}}, "not a manifest"),
        ({"golden": None}, "no golden outputs"),
        ({"hashes": {"model.onnx": "x"}}, "not a manifest"),
        ({"hashes": {}}, "hashes of"),
        ({"verdict": {"sound": [1.0, 2.0], "chances": [0.1, 0.2]}}, "not finite and falling"),
        ({"verdict": {"sound": [2.0, 1.0], "chances": [0.1]}}, "2 scores and 1 chances"),
    ],
)
def test_a_strange_manifest_is_refused(bundle: Path, values: dict[str, object], said: str) -> None:
    change(bundle, **values)
    with pytest.raises(BundleError, match=said):
        open_bundle(bundle)


def test_golden_outputs_must_belong_together(whole: Path) -> None:
    manifest = json.loads((whole / "bundle.json").read_text())
    for key, value in {"score": [1.0], "shapes": [[9999, 9999], [64, 64]], "embedding_head": [[], []]}.items():
        broken = {**manifest, "digest": "", "golden": {**manifest["golden"], key: value}}
        with pytest.raises(BundleError, match="golden"):
            parse_manifest(json.dumps(broken).encode(), "bundle.json")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"format": 1}',
        b"[" * 100_000,
        b'{"format": 1, "recipe": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        b'{"format": 1' + b" " * (5 << 20) + b"}",
    ],
)
def test_hostile_json_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        parse_manifest(data, "bundle.json")


@settings(max_examples=100)
@given(cuts=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), min_size=1, max_size=5))
def test_mutated_manifests_raise_nothing_else(whole: Path, cuts: list[tuple[float, bytes]]) -> None:
    data = (whole / "bundle.json").read_bytes()
    for where, piece in cuts:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + 1 :]
    with contextlib.suppress(BundleError):
        assert isinstance(parse_manifest(data, "bundle.json"), Manifest)


def test_manifests_survive_a_round_trip(whole: Path) -> None:
    data = (whole / "bundle.json").read_bytes()
    assert dump_manifest(parse_manifest(data, "bundle.json")) == data


def test_unknown_keys_are_passed_over(bundle: Path) -> None:
    change(bundle, invented_later={"x": 1})
    assert open_bundle(bundle).manifest.name == "small"
