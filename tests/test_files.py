"""Files that are whole or not there, and JSON that any reader takes, whatever the names in it."""

import contextlib
import csv
import errno
import io
import json
import os
import sys
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope.encoding import decode_json, encode_csv, encode_json, encode_line, original
from crackscope.errors import OutputError
from crackscope.files import unwritten, write_whole, written_together
from crackscope.records import Failure, Unread


def test_only_bytes_that_are_no_utf_8_stand_as_surrogates():
    assert original(r"wall\udce4.png") == "wall\udce4.png"
    assert original(r"wall\udc41.png") == r"wall\udc41.png"


@given(st.one_of(st.binary(max_size=40), st.text(st.characters(), max_size=40)))
def test_what_is_no_json_raises_one_error(data):
    for kind in (Any, Failure):
        with contextlib.suppress(msgspec.DecodeError):
            assert decode_json(data, kind) is not data


@given(st.binary(max_size=40))
def test_any_file_name_survives_json(name):
    text = os.fsdecode(name)
    for encode in (encode_json, encode_line):
        data = encode({"path": text, "others": [text], text: Unread(path=text, error=Failure(kind="x", message=text))})
        found = json.loads(data.decode("utf-8"))
        assert set(found) == {"path", "others", found["path"]}
        assert os.fsencode(original(found["path"])) == name or b"\\udc" in name
        assert found["others"] == [found["path"]] == [found[found["path"]]["path"]]


@given(st.lists(st.tuples(st.binary(max_size=12), st.integers()), max_size=4))
def test_any_file_name_survives_csv(cells):
    """Strict readers refuse a whole table for one byte that is no UTF-8, or for a line end within a bare cell."""
    data = encode_csv(("name", "number"), [(os.fsdecode(name), number) for name, number in cells])
    head, *rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    assert head == ["name", "number"]
    assert [(os.fsencode(original(name)), int(number)) for name, number in rows] == cells
    assert data.endswith(b"\n")
    assert b"\r\n" not in data or any(b"\r\n" in name for name, _ in cells)


def test_names_that_are_utf_8_stand_as_they_are():
    assert json.loads(encode_line({"path": "Wände/裂缝 1.jpg"})) == {"path": "Wände/裂缝 1.jpg"}
    assert encode_line(["裂"]).count(b"\n") == 1


def test_what_was_there_is_replaced_at_once(tmp_path):
    path = tmp_path / "new" / "name"
    write_whole(path, b"one")
    write_whole(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["name"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="wants named pipes")
def test_what_is_no_plain_file_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(OutputError, match="in the way"):
            write_whole(tmp_path / name, b"")
    assert {one.name for one in tmp_path.iterdir()} == {"pipe", "folder"}


def test_a_message_names_the_file_and_no_other(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file" / "below", tmp_path / ("x" * 300), tmp_path / "zero\0byte"):
        with pytest.raises(OutputError) as caught:
            write_whole(place, b"content")
        assert str(caught.value).startswith(f"cannot write {place}: ")
        assert ".part" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_with_what_to_do(number):
    said = "cannot write it: no room left on the disk; free some or write elsewhere"
    assert str(unwritten("it", OSError(number, os.strerror(number)))) == said


def test_a_name_as_long_as_the_system_takes(tmp_path):
    write_whole(tmp_path / ("x" * 255), b"content")
    assert [one.name for one in tmp_path.iterdir()] == ["x" * 255]


def test_files_written_together_appear_together(tmp_path):
    out = tmp_path / "deep" / "out"
    for content in (b"one", b"two"):
        with written_together(out, "last") as draft:
            for name in ("last", "first"):
                write_whole(draft / name, content)
                assert content == b"two" or not (out / name).exists()
        assert {one.name: one.read_bytes() for one in out.iterdir()} == {"first": content, "last": content}


def write_together(out, *names, end=None):
    """Write files of these names, the last of them last, and raise `end` before they are moved."""
    with written_together(out, names[-1]) as draft:
        for name in names:
            write_whole(draft / name, b"new")
        if end is not None:
            raise end


def test_two_that_write_into_one_folder_at_once_lose_nothing(tmp_path):
    """What a kill left goes when the next begins; what is half written by another is no such thing."""
    out = tmp_path / "out"

    def pieces():
        yield b"half "
        write_together(out, "other", "others last")
        yield b"and half"

    left = out / f".{'0' * 16}.part"
    left.mkdir(parents=True)
    with written_together(out, "last") as draft:
        write_whole(draft / "first", b"kept")
        write_together(out, "another", "another last")
        write_whole(out / "alone", pieces())
        write_whole(draft / "last", b"new")
    assert {one.name: one.read_bytes() for one in out.iterdir()} == {
        **dict.fromkeys(["other", "others last", "another", "another last", "last"], b"new"),
        "first": b"kept",
        "alone": b"half and half",
    }


@pytest.mark.parametrize("missing", ["fcntl", "flock"])
def test_without_locks_nothing_goes_that_another_may_still_be_writing(tmp_path, monkeypatch, missing):
    """As on Windows, and where a file system takes no locks: half a day may be another's work, two days are none's."""
    out = tmp_path / "out"
    if missing == "flock":
        monkeypatch.setattr("fcntl.flock", without_locks)
    else:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    young, old, old_file = (out / f".{digit * 16}.part" for digit in "123")
    for folder in (young, old):
        folder.mkdir(parents=True)
        (folder / "half").touch()
    old_file.touch()
    for path, days in ((young, 0.5), (old, 2), (old_file, 2)):
        os.utime(path, (time.time() - days * 86400,) * 2)
    with written_together(out, "last") as draft:
        write_whole(draft / "first", b"kept")
        write_together(out, "another", "another last")
        write_whole(draft / "last", b"new")
    assert {one.name for one in out.iterdir()} == {"first", "last", "another", "another last", young.name}


def without_locks(descriptor, operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.parametrize("end", [KeyboardInterrupt(), OutputError("no room")])
@pytest.mark.parametrize("old", [None, {}, {"first": b"old", "last": b"old"}])
def test_what_ends_their_writing_leaves_all_as_it_was(tmp_path, old, end):
    out = tmp_path / "out"
    if old is not None:
        out.mkdir()
    for name, content in (old or {}).items():
        write_whole(out / name, content)
    with pytest.raises(type(end)):
        write_together(out, "first", "last", end=end)
    assert out.exists() is (old is not None)
    assert not out.exists() or {one.name: one.read_bytes() for one in out.iterdir()} == old


def test_none_of_them_is_moved_where_one_has_something_in_its_way(tmp_path):
    (tmp_path / "out" / "last").mkdir(parents=True)
    with pytest.raises(OutputError, match="out/last: something is in the way"):
        write_together(tmp_path / "out", "first", "last")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["last"]


def test_a_file_that_cannot_be_written_is_told_as_where_it_was_to_be(tmp_path):
    with pytest.raises(OutputError, match=f"cannot write {tmp_path}/out/{'x' * 300}: "):
        write_together(tmp_path / "out", "x" * 300)
    assert list(tmp_path.iterdir()) == []
