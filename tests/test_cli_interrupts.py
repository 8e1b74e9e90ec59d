"""Ctrl-C at awkward moments: while modules are loaded, again while that is reported, and while the process ends."""

import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from crackscope.cli import main
from tests.small_way import SMALL

START = """
    import atexit, os, signal, sys

    def press():
        try:
            os.kill(os.getpid(), signal.{how})
        finally:
            if {twice!r}:
                os.kill(os.getpid(), signal.{how})

    class Named:
        def __set_name__(self, owner, name):
            press()

    class Leaving:
        def __del__(self):
            press()

    class Loading:
        def find_spec(self, name, path=None, target=None):
            if name == {module!r}:
                if {making!r} == "a class":
                    type("Made", (), dict(named=Named()))
                elif {making!r} == "a value of text":
                    eval("press()", globals())
                elif {making!r} == "way for others":
                    Leaving()
                else:
                    press()

    class Reporting:
        def write(self, text):
            press()
            return sys.__stderr__.write(text)

        def flush(self):
            sys.__stderr__.flush()

    sys.meta_path.insert(0, Loading())
    if {again!r}:
        sys.stderr = Reporting()
        atexit.register(press)
    from crackscope.cli import main
    sys.exit(main())
"""


def program(
    module: str, again: bool, *arguments: str, how: str = "SIGINT", twice: bool = False, making: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run crackscope in a process that presses Ctrl-C, or sends itself another signal, when it loads `module`; twice at
    once, if wanted, and again while that is reported. making: while "a class" is made there, or an object makes "way
    for others"."""
    code = textwrap.dedent(START).format(module=module, again=again, how=how, twice=twice, making=making)
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("how", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("module", ["crackscope.cli.app", "click", "crackscope.cli.predict", "onnxruntime"])
def test_one_line_and_its_status_whenever_it_comes(module, again, how, status, tmp_path):
    (tmp_path / "wall.jpg").write_bytes(b"no picture")
    ended = program(module, again, "predict", str(tmp_path), how=how)
    assert ended.returncode == status
    assert (ended.stdout, ended.stderr) == ("", "crackscope: interrupted\n")


@pytest.mark.parametrize("making", ["", "a class"])
@pytest.mark.parametrize("module", ["crackscope.cli.interrupts", "crackscope.cli.app", "crackscope.cli.recipes"])
def test_it_may_come_before_anybody_watches_and_while_a_class_is_made(module, making):
    ended = program(module, False, "recipes", making=making)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "crackscope: interrupted\n")


@pytest.mark.parametrize(("how", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_module_that_is_run_ends_with_its_status_though_text_was_evaluated_meanwhile(how, status, tmp_path):
    code = textwrap.dedent(START).format(
        module="crackscope.cli.recipes", again=False, how=how, twice=False, making="a value of text"
    )
    (tmp_path / "pressing.py").write_text(code, encoding="utf-8")
    call = [sys.executable, "-m", "pressing", "recipes"]
    ended = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (status, "crackscope: interrupted\n")


@pytest.mark.parametrize(("how", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_one_that_was_lost_while_an_object_was_taken_down_ends_it_all_the_same(how, status, tmp_path):
    call = ["generate", "-o", str(tmp_path / "drawn"), "-n", "3", "--size", "64"]
    ended = program("crackscope.surfaces", False, *call, how=how, making="way for others")
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "", "crackscope: interrupted\n")
    assert not list((tmp_path / "drawn").iterdir())


def test_one_that_was_lost_is_told_of_a_command_that_was_done_before_anybody_asked():
    ended = program("crackscope.cli.recipes", False, "recipes", making="way for others")
    assert (ended.returncode, ended.stderr) == (130, "crackscope: interrupted\n")
    assert "default" in ended.stdout


def test_a_training_that_is_done_says_so_when_the_judging_is_interrupted(way, tmp_path):
    run = tmp_path / "my run"
    call = ["train", str(way.split), "-o", str(run), *SMALL]
    ended = program("crackscope.judging", False, *call)
    assert ended.returncode == 130
    assert f"interrupted while judging, the training is done and its bundle whole: {run / 'bundle'};" in ended.stderr
    assert f"add -o '{run}' --resume" in ended.stderr
    assert not (run / "evaluation" / "metrics.json").exists()
    epochs = (run / "history.csv").read_bytes()
    again = program("no such module", False, *call, "--resume")
    assert again.returncode == 0
    assert (run / "evaluation" / "metrics.json").exists()
    assert (run / "history.csv").read_bytes() == epochs


def test_an_end_in_order_is_not_spoilt_by_it():
    ended = program("no such module", True, "--version")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_python_gets_its_handler_back(number, capsys):
    before = signal.getsignal(number)
    assert main(["--version"]) == 0
    assert signal.getsignal(number) is before


def test_commands_run_in_other_threads_too(capsys):
    ends: list[int] = []
    thread = threading.Thread(target=lambda: ends.append(main(["--version"])))
    thread.start()
    thread.join()
    assert ends == [0]


def test_a_handler_of_the_caller_is_left_alone(capsys):
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        assert main(["--version"]) == 0
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
