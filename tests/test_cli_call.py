"""The command line as such: help, misspelt words, statuses, and errors as one line."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crackscope import __version__
from crackscope.cli import main
from crackscope.cli.app import COMMANDS  # the table is what the help is printed from


def shell(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "crackscope", *arguments], text=True, stderr=subprocess.PIPE, check=False, **options
    )


def one_line(text: str) -> str:
    """The only line of a text, which must be an error of ours."""
    assert text.count("\n") == 1
    assert text.startswith("crackscope: ")
    assert "Traceback" not in text
    return text.removeprefix("crackscope: ").rstrip("\n")


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in COMMANDS)


def test_no_arguments_is_help(capsys):
    assert main([]) == 0
    assert "Usage: crackscope" in capsys.readouterr().out


def test_a_group_without_a_command_is_help(capsys):
    assert main(["bundle", "--help"]) == 0
    asked = capsys.readouterr().out
    assert main(["bundle"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (asked, "")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"crackscope {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_there(name, capsys):
    file, _line = COMMANDS[name]
    assert getattr(importlib.import_module(f"crackscope.cli.{file}"), name).name == name
    assert main([name, "--help"]) == 0
    assert f"Usage: crackscope {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["predct"], "did you mean predict?"),
        (["quantise", "x"], "done by: crackscope bundle export BUNDLE --int8 --calibrate DATA -o OUT"),
        (["quantize"], "done by: crackscope bundle export BUNDLE --int8 --calibrate DATA -o OUT"),
        (["trian", "x"], "did you mean train?"),
        (["qqqq"], "crackscope --help lists them"),
        (["predict", "--bundel", "x"], "did you mean --bundle?"),
        (["bundle", "chek"], "did you mean check?"),
        (["train", "x", "--recipe", "mobilenet-freeze150"], "mobilenetv2-freeze150"),
        (["recipes", "prob"], "probe"),
        (["generate", "-o", "x", "--kind", "concret"], "did you mean concrete"),
        (["train"], "DATA|SPLIT.csv|EXPORT.json is missing"),
        (["predict"], "PICTURE is missing"),
        (["predict", "--from-list", os.devnull], "the list names no picture"),
        (["predict", ""], "an empty name stands for no picture"),
        (["explain", "a.jpg", "b.jpg", "c.jpg", "-o", "x"], "it takes PICTURE alone: there are more"),
        (["explain", "a.jpg", "b.jpg", "c.jpg", "-o", "x"], "more arguments than are taken, beginning with b.jpg"),
        (
            ["explain", "a.jpg", "b with blanks.jpg", "-o", "x"],
            "more arguments than are taken, beginning with b with blanks.jpg (",
        ),
        (
            ["explain", "a.jpg", "b with blanks.jpg", "b", *(f"{n} with more.jpg" for n in range(9)), "-o", "x"],
            "more arguments than are taken, beginning with b with blanks.jpg (",
        ),
        (["explain", "-", "-o", "x"], "name a file"),
        (["explain", "", "-o", "x"], "PICTURE is empty, name a file"),
        (["train", "x", "--resume"], "-o RUN"),
        (["compare", "one"], "at least two"),
        (["bundle", "export"], "nothing to write"),
        (["bundle", "export", "--int8"], "--calibrate DATA"),
        (["bundle", "export", "--onnx", "f", "--calibrate", "d"], "--calibrate is for the 8-bit bundle: give --int8"),
        (["bundle", "export", "--onnx", "f", "-o", "d"], "-o is for the 8-bit bundle"),
        (["matrix", "--on", "a=d", "--bundle", "b", "--set", "seed=1"], "--set says how to train"),
        (["matrix", "--on", "a=d", "--bundle", "b", "--weights", "none"], "--weights says how to train"),
        (["scan", "d", "--seed", "3"], "--seed is for the doubts of a network: give --bundle BUNDLE"),
        (["predict", "x", "--threads", "0"], "--threads"),
        (["split", "x", "-o", "y.csv", "--parts", "60:40"], "60:20:20"),
        (["predict", "-", "-"], "only once"),
        (
            ["inspect", "x", "-o", "y", "--mm-per-px", "0,2"],
            "'0,2' is no number, decimals stand behind a point: write 0.2",
        ),
        (["inspect", "x", "-o", "y", "--false-alarms", "0,1"], "behind a point: write 0.1"),
        (["generate", "-o", "x", "--width-px", "2,5", "6"], "behind a point: write 2.5"),
        (["inspect", "x", "-o", "y", "--marker-mm", "wide"], "'wide' is no number, write one such as 0.2"),
        (["predict", "x", "--threads", "two"], "'two' is no whole number, write one such as 2"),
        (["inspect", "x", "-o", "y", "--mm-per-px", "1_500"], "'1_500' has an underscore: write 1500 or 1.500"),
        (["inspect", "x", "-o", "y", "--distance-m", "0_2"], "'0_2' has an underscore: write 02 or 0.2"),
        (["inspect", "x", "-o", "y", "--marker-mm", "1_234_567"], "'1_234_567' has an underscore: write 1234567"),
        (["inspect", "x", "-o", "y", "--marker-mm", "1_5e1_0"], "'1_5e1_0' has an underscore: write 15e10"),
        (["inspect", "x", "-o", "y", "--marker-mm", "1_mm"], "'1_mm' is no number, write one such as 0.2"),
        (["inspect", "x", "-o", "y", "--least-probability", "0.0_5"], "'0.0_5' has an underscore: write 0.05"),
        (
            ["inspect", "x", "-o", "y", "--mm-per-px", "1", "--classes", "0.1,1_0"],
            "'1_0' has an underscore: write 10 or",
        ),
        (["generate", "-o", "x", "--width-px", "2_5", "6"], "'2_5' has an underscore: write 25 or 2.5"),
        (["generate", "-o", "x", "-n", "1_500"], "'1_500' has an underscore: write 1500"),
        (["predict", "x", "--threads", "1_0"], "'1_0' has an underscore: write 10"),
        (["split", "x", "-o", "y.csv", "--parts", "6_0:20:20"], "'6_0' has an underscore: write 60 or 6.0"),
    ],
)
def test_wrong_call_is_one_line_with_advice(arguments, advice, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert advice in one_line(printed.err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["predict", "-wall.png"], "there is no option -w, for the file of that name write ./-wall.png ("),
        (["predict", "-wall.png", "-n.png"], "no option -w, for the file of that name write ./-wall.png ("),
        (
            ["suggest", "default", "-n.png", "-o", "out"],
            "'.png' is no whole number, write one such as 2, for the file of",
        ),
        (["scan", "-süd wall"], "there is no option -s, for the file of that name write './-süd wall' ("),
        (["predict", "-x.png"], "there is no option -x (crackscope predict --help"),
        (["generate", "-n", "0", "-o", "out"], "0 is not in the range 1<=x<=1000000 (crackscope generate --help"),
    ],
)
def test_a_file_that_is_taken_for_an_option_is_told_how_to_write(arguments, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-wall.png", "-n.png", "-süd wall", "-n"):
        (tmp_path / name).touch()
    assert main(arguments) == 2
    assert says in one_line(capsys.readouterr().err)


def test_missing_picture_is_one_line(capsys, tmp_path):
    assert main(["predict", str(tmp_path / "absent.jpg")]) == 2
    assert "absent.jpg" in one_line(capsys.readouterr().err)


def test_debug_shows_the_traceback(capsys, tmp_path):
    assert main(["predict", str(tmp_path / "absent.jpg"), "--debug"]) == 2
    printed = capsys.readouterr().err
    assert "Traceback" in printed
    assert printed.splitlines()[-1].startswith("crackscope: ")


def test_control_characters_in_an_error_are_spelled_out(capsys, tmp_path):
    assert main(["predict", str(tmp_path / "a\x1b[31m\nb.jpg")]) == 2
    assert r"\x1b[31m" in one_line(capsys.readouterr().err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants /dev/full, a device that is always full")
def test_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        ended = shell("recipes", stdout=full)
    assert ended.returncode == 2
    assert "no room left on the disk" in one_line(ended.stderr)


def test_reader_that_leaves_is_not_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    ended = shell("recipes", stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_output_that_is_no_terminal_has_no_colour():
    ended = shell("recipes", stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm-256color"})
    assert "\x1b" not in ended.stdout
    assert "mobilenetv2-freeze150" in ended.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="wants named pipes")
def test_interrupt_is_one_line_and_130(tmp_path):
    names = tmp_path / "names"
    os.mkfifo(names)
    command = [sys.executable, "-m", "crackscope", "predict", "--from-list", str(names)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Opening returns when the other side has opened too, and it then waits for names.
    with running, names.open("w"):
        running.send_signal(signal.SIGINT)
        out, error = running.communicate()
    assert running.returncode == 130
    assert out == ""
    assert "interrupted" in one_line(error)


@pytest.mark.skipif(sys.platform != "linux", reason="wants a limit on memory that the system keeps")
def test_out_of_memory_is_one_line(tmp_path):
    call = f"generate -n 1 --size 4096 -o {tmp_path / 'surfaces'}"
    ended = subprocess.run(
        ["bash", "-c", f"ulimit -v 600000; exec {sys.executable} -m crackscope {call}"],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "memory ran out" in one_line(ended.stderr)


def test_folder_that_may_not_be_made_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["generate", "-o", str(tmp_path / "file"), "-n", "2"]) == 2
    assert "in the way" in one_line(capsys.readouterr().err)
