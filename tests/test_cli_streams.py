"""Streams as a shell may hand them over: closed, or in an encoding that lacks half the names."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from crackscope.cli.streams import json_shown, shown
from tests.small_way import Way, pictures

NAME = "wall \N{BRICK}é"
SPELT = r"wall \U0001f9f1\xe9"


def shell(way: Way, words: str, redirected: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Type a call in a shell, with these redirections behind it; `{bundle}` stands for the bundle."""
    program = f"{shlex.quote(sys.executable)} -m crackscope"
    line = f"{program} {words.replace('{bundle}', shlex.quote(way.bundle))} {redirected}"
    settings = {**os.environ, **environment}
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, env=settings)


@pytest.fixture(scope="module")
def odd(way: Way, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name ASCII cannot show, with a picture of each label."""
    folder = tmp_path_factory.mktemp("odd") / NAME
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True)
        (folder / label / "a.png").write_bytes(pictures(way, label)[0].read_bytes())
    return folder


@pytest.mark.parametrize("words", ["predict {picture} --bundle {bundle}", "--help", "recipes", "scan {picture}"])
def test_closed_stdout_is_one_line_before_any_work(way, words):
    ended = shell(way, words.replace("{picture}", str(pictures(way, "crack")[0])), ">&-")
    assert ended.returncode == 2
    assert ended.stderr.startswith("crackscope: standard output is closed")
    assert ended.stderr.count("\n") == 1


CLOSED = [
    "scan {data}",
    "evaluate {bundle} {data} --part all",
    "evaluate {bundle} {data} --part all -o {out} --json",
    "inspect {picture} --bundle {bundle} -o {out} --help",
    "bundle show {bundle}",
    "nonsense -o {out}",
]


@pytest.mark.parametrize("words", CLOSED)
def test_closed_stdout_is_refused_where_what_is_said_is_the_result(way, tmp_path, words):
    picture, out = pictures(way, "crack")[0], tmp_path / "out"
    for name, path in (("picture", picture), ("data", way.data), ("out", out)):
        words = words.replace(f"{{{name}}}", str(path))
    ended = shell(way, words, ">&-")
    assert ended.returncode == 2
    assert ended.stderr.startswith("crackscope: standard output is closed")
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("inspect {picture} --bundle {bundle} -o {out}", "index.html"),
        ("split {data} -o {out}/split.csv", "split.csv"),
        ("evaluate {bundle} {data} --part all --out={out}", "report.html"),
        ("generate -n 2 --size 32 -o{out}", "truth.csv"),
        ("bundle export {bundle} --onnx -o {out}/model.onnx", "model.onnx"),
    ],
)
def test_closed_stdout_stops_nothing_where_the_result_is_a_folder_or_a_file(way, tmp_path, words, written):
    out = tmp_path / "out"
    if f"{{out}}/{written}" in words:
        out.mkdir()
    for name, path in (("picture", pictures(way, "crack")[0]), ("data", way.data), ("out", out)):
        words = words.replace(f"{{{name}}}", str(path))
    ended = shell(way, words, ">&-")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "crackscope:" not in ended.stderr
    assert (out / written).stat().st_size > 0


def test_with_stdout_closed_a_photo_that_cannot_be_read_is_told_by_the_status(way, tmp_path):
    call = f"inspect {pictures(way, 'crack')[0]} gone.png --bundle {{bundle}} -o {tmp_path / 'out'}"
    ended = shell(way, call, ">&-")
    assert ended.returncode == 1
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize("words", ["predict - --bundle {bundle}", "predict --from-list - --bundle {bundle}"])
def test_closed_stdin_that_is_wanted_is_one_line(way, words):
    ended = shell(way, words, "<&-")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("crackscope: standard input is closed, name a file")
    assert ended.stderr.count("\n") == 1


def test_a_picture_that_cannot_be_read_from_standard_input_is_named_once(way):
    ended = shell(way, "predict - --bundle {bundle}", "</dev/null")
    assert ended.returncode == 1
    assert "   -: it is empty (0 bytes)" in ended.stdout


def test_streams_that_are_not_needed_may_be_closed(way):
    picture = str(pictures(way, "crack")[0])
    ended = shell(way, f"predict {picture} no-such.png --jsonl --bundle {{bundle}}", "<&- 2>&-")
    assert ended.returncode == 1
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["path"] for line in told] == [picture, "no-such.png"]


@pytest.mark.parametrize("words", ["predict {odd} --bundle {bundle}", "scan {odd}", "inspect {odd} -o {out}"])
def test_names_that_the_encoding_lacks_are_spelt_out(way, odd, tmp_path, words):
    typed = words.replace("{odd}", shlex.quote(str(odd))).replace("{out}", shlex.quote(str(tmp_path / NAME)))
    ended = shell(way, typed, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert SPELT in ended.stdout


def test_json_stays_json_where_the_encoding_is_not_utf8(way, odd):
    for encoding in ("ascii", "latin-1"):
        ended = shell(way, f"predict {shlex.quote(str(odd))} --jsonl --bundle {{bundle}}", PYTHONIOENCODING=encoding)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.isascii()
        assert [json.loads(line)["path"] for line in ended.stdout.splitlines()] == [
            str(odd / "crack" / "a.png"),
            str(odd / "sound" / "a.png"),
        ]


def test_errors_name_them_too(way, tmp_path):
    ended = shell(way, f"predict {shlex.quote(NAME)} --bundle {{bundle}}", PYTHONIOENCODING="ascii")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"crackscope: {SPELT}: there is no such file")


class Encoded:
    """As much of a stream as is looked at."""

    def __init__(self, encoding: str | None) -> None:
        self.encoding = encoding


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf_8", "UTF_8_SIG", None])
def test_json_in_utf8_by_any_of_its_names_stays_as_it_is(encoding):
    assert json_shown(json.dumps(NAME, ensure_ascii=False), Encoded(encoding)) == f'"{NAME}"'


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_json_in_other_encodings_is_ascii_that_means_the_same(encoding):
    told = json_shown(json.dumps(NAME, ensure_ascii=False), Encoded(encoding))
    assert told.isascii()
    assert json.loads(told) == NAME


@pytest.mark.parametrize(
    ("encoding", "seen"),
    [("utf-8", NAME), (None, NAME), ("ascii", SPELT), ("latin-1", r"wall \U0001f9f1é"), ("no such", NAME)],
)
def test_names_are_shown_as_far_as_a_stream_can(encoding, seen):
    assert shown(NAME, Encoded(encoding)) == seen
