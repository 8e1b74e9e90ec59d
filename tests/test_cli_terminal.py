"""Commands on a terminal: progress, colour, Ctrl-C."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.small_surfaces import remembering_bundle, write_surface
from tests.small_way import SMALL, pictures


@contextlib.contextmanager
def on_a_terminal(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command that runs on a terminal, all its streams, and our end of it."""
    ours, its = os.openpty()
    command = [sys.executable, "-m", "crackscope", *arguments]
    settings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=settings) as running:
        os.close(its)
        yield running, ours
    os.close(ours)


def read_until(word: str, terminal: int) -> str:
    """What a terminal shows until this word comes, or to the end."""
    shown = bytearray()
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
        while word.encode() not in shown and (chunk := os.read(terminal, 65536)):
            shown += chunk
    return shown.decode()


TO_THE_END = "\0"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_a_terminal_gets_progress_and_colour_unless_told_not_to(way):
    arguments = ["predict", str(way.data), "--bundle", way.bundle]
    with on_a_terminal(*arguments) as (_running, terminal):
        shown = read_until(TO_THE_END, terminal)
    assert "predicting" in shown
    assert "\x1b[1;31m" in shown or "\x1b[32m" in shown
    with on_a_terminal(*arguments, "--quiet", NO_COLOR="1") as (_running, terminal):
        shown = read_until(TO_THE_END, terminal)
    assert "predicting" not in shown
    assert not {code for code in ("31m", "32m", "33m") if code in shown}


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_adapt_shows_how_far_its_learning_is_unless_told_not_to(tmp_path):
    bundle = remembering_bundle(tmp_path / "bundle").path
    write_surface(tmp_path / "faint", 6, faint=0.3)
    call = ["adapt", str(bundle), str(tmp_path / "faint"), "--most-forgotten", "1", "--curve", "-o"]
    with on_a_terminal(*call, str(tmp_path / "told")) as (_running, terminal):
        shown = read_until(TO_THE_END, terminal)
    for label in ("opening pictures", "reading patches", "learning"):
        assert re.search(rf"{label}.*\d+/\d+", shown)
    with on_a_terminal(*call, str(tmp_path / "quiet"), "--quiet") as (_running, terminal):
        shown = read_until(TO_THE_END, terminal)
    assert "what more labels bring" in shown
    assert not re.search(r"\d+/\d+", re.sub(re.escape(str(tmp_path)), "", shown))


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
@pytest.mark.parametrize("columns", [30, 40, 60, 80])
def test_a_narrow_terminal_breaks_no_word_but_names(way, columns):
    picture = str(pictures(way, "crack")[0])
    arguments = ["predict", picture, "nowhere.png", "--bundle", way.bundle, "--quiet"]
    with on_a_terminal(*arguments, COLUMNS=str(columns), NO_COLOR="1") as (_running, terminal):
        shown = re.sub(r"\x1b\[\d*m", "", read_until(TO_THE_END, terminal)).replace("\r\n", "\n")
    told = set(shown.replace(",", "").split())
    assert {"verdict", "probability", "seconds", "size", "64", "x", "unreadable"} <= told
    assert picture in (shown if columns < 60 else re.sub(r"\s", "", shown)).replace("\n", "")
    assert all(len(line.rstrip()) <= columns for line in shown.splitlines())


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_on_a_terminal_of_20_columns_a_picture_stands_before_what_is_said_of_it(way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p1.png").write_bytes(pictures(way, "crack")[0].read_bytes())
    with on_a_terminal("predict", "p1.png", "--bundle", way.bundle, "-q", COLUMNS="20", NO_COLOR="1") as (_, terminal):
        shown = re.sub(r"\x1b\[\d*m", "", read_until(TO_THE_END, terminal))
    assert shown.splitlines()[0].startswith("p1.png")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_a_figure_on_a_narrow_terminal_is_told_by_its_name_and_its_baseline_as_one(way):
    arguments = ["evaluate", way.bundle, str(way.data), "--part", "all", "-q"]
    with on_a_terminal(*arguments, COLUMNS="40", NO_COLOR="1") as (_, terminal):
        shown = re.sub(r"\x1b\[\d*m", "", read_until(TO_THE_END, terminal)).replace("\r\n", "\n")
    lines = [line.rstrip() for line in shown.splitlines()]
    at = lines.index("accuracy")
    assert lines[at + 1].startswith("  value ")
    assert not any(re.fullmatch(r"[\d.]+", line) for line in lines)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="wants terminals")
def test_train_interrupted_says_how_to_go_on(way, tmp_path):
    run = tmp_path / "my run"
    endless = ["--set", "phases.0.epochs=100000", "--set", "phases.0.early_stopping.patience=0"]
    arguments = ["train", str(way.split), "-o", str(run), *SMALL, *endless]
    with on_a_terminal(*arguments, COLUMNS="500") as (running, terminal):
        # Epochs pass faster than a terminal is drawn, so which one is shown first is a matter of chance.
        assert " of 100000" in read_until(" of 100000", terminal)
        running.send_signal(signal.SIGINT)
        shown = read_until(TO_THE_END, terminal)
    assert running.returncode == 130
    assert f"interrupted, what was reached is kept in {run}, to go on add -o '{run}' --resume" in shown
    assert "Traceback" not in shown
