"""`generate`: a data set as it stands; where it cannot end, nothing is left that the next call would stumble over."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crackscope import datasets
from crackscope.cli import main

CALL = ["generate", "-n", "12", "--size", "64", "--quiet", "-o"]


def test_the_folder_is_a_data_set_with_its_masks(tmp_path: Path) -> None:
    assert main([*CALL, str(tmp_path / "set")]) == 0
    rows = datasets.read_rows(tmp_path / "set")
    assert {(row.label, row.mask is not None) for row in rows} == {("crack", True), ("sound", False)}
    assert {Path(row.mask).stem for row in rows if row.mask} == {Path(row.path).stem for row in rows if row.mask}
    assert datasets.scan(tmp_path / "set").mask_conflicts == ()


def test_a_disk_that_fills_half_way_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CALL, str(tmp_path / "whole")]) == 0
    sizes = [
        path.stat().st_size
        for path in sorted((tmp_path / "whole").glob("[cs]*/*.png"), key=lambda path: path.name[-9:])
    ]
    largest = sizes.index(max(sizes))
    assert largest > 2
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes) - 1, limit[1]))
    try:
        assert main([*CALL, str(tmp_path / "half")]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    said = capsys.readouterr().err
    assert "cannot write" in said
    assert said.count("\n") == 1
    assert list((tmp_path / "half").iterdir()) == []
    assert main([*CALL, str(tmp_path / "half")]) == 0
    assert (tmp_path / "half" / "truth.csv").read_bytes() == (tmp_path / "whole" / "truth.csv").read_bytes()


def test_so_does_an_interrupt(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "crackscope",
        "generate",
        "-n",
        "100000",
        "--size",
        "64",
        "-o",
        str(tmp_path / "set"),
    ]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "set").glob("sound/*.png")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "crackscope: interrupted\n"
    assert process.returncode == 130
    assert list((tmp_path / "set").iterdir()) == []
