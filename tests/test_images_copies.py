"""Files of the same bytes are told, and nothing else is."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from crackscope.images import find_copies


@given(st.lists(st.binary(max_size=3), max_size=12))
def test_each_copy_names_the_first_of_its_kind(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("files")
    paths = [str(folder / str(number)) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        Path(path).write_bytes(content)
    wanted = {
        path: paths[contents.index(content)]
        for number, (path, content) in enumerate(zip(paths, contents, strict=True))
        if contents.index(content) < number
    }
    assert find_copies([*paths, *paths]) == wanted


def test_what_cannot_be_read_is_no_copy(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").mkdir()
    odd = os.path.join(tmp_path, os.fsdecode(b"\xff"))
    for name in ("a", odd):
        (tmp_path / name).write_bytes(b"the same")
    names = ["folder", "other", "gone", "gone too", "zero\0byte", "a", odd]
    assert find_copies(os.path.join(tmp_path, name) for name in names) == {odd: str(tmp_path / "a")}
