"""Every block of docs/python.md runs, one after the other, on generated pictures."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

import crackscope
from crackscope import images, surfaces
from crackscope.records import Inspected
from tests.small_surfaces import write_surface

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
TEXT = PAGE.read_text(encoding="utf-8")
MORE = PAGE.with_name("python-more.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^## (.+)\n(?:(?!##|```).*\n)*```python\n((?:(?!```).*\n)*)```$", re.MULTILINE)
BLOCKS, FURTHER = dict(_BLOCK.findall(TEXT)), dict(_BLOCK.findall(MORE))
PROCESSES = "Threads, processes, memory"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the page names: a cracked photo, a folder of photos, a scale table, labelled patches."""
    place = tmp_path_factory.mktemp("page")
    (place / "photos").mkdir()
    images.write_jpeg(surfaces.generate(3, (600, 400), cracked=True, kind="plaster").pixels, place / "wall.jpg")
    for number in range(2):
        made = surfaces.generate(number, (300, 260), cracked=number == 1).pixels
        images.write_jpeg(made, place / "photos" / f"{number}.jpg")
    (place / "photos" / "cut.jpg").write_bytes((place / "wall.jpg").read_bytes()[:900])
    (place / "scale.csv").write_text("path,mm_per_px\nphotos/0.jpg,0.5\n")
    write_surface(place / "patches", 12)
    return place


@pytest.fixture(scope="module")
def ran(place: Path) -> dict[str, object]:
    """What the blocks leave behind, in one namespace."""
    names: dict[str, object] = {}
    with contextlib.chdir(place), contextlib.redirect_stdout(io.StringIO()) as told:
        for heading, block in (BLOCKS | FURTHER).items():
            if heading != PROCESSES:
                exec(compile(block, f"{PAGE}: {heading}", "exec"), names)
    return names | {"told": told.getvalue()}


def test_every_block_is_run() -> None:
    assert len(BLOCKS) == TEXT.count("```python") == len(re.findall("^## ", TEXT, re.MULTILINE))
    assert len(TEXT.splitlines()) <= 120
    assert len(FURTHER) == MORE.count("```python") == len(re.findall("^## ", MORE, re.MULTILINE)) == 4


def test_what_is_said_of_records_and_arrays_is_so(ran: dict) -> None:
    height, width = 400, 600
    assert (ran["mask"].dtype, ran["mask"].shape) == (bool, (height, width))
    assert (ran["pixels"].dtype, ran["pixels"].shape) == (np.uint8, (height, width, 3))
    heat = ran["heat"]
    assert (heat.logits.dtype, heat.logits.shape) == (np.float32, (height / heat.stride, width / heat.stride))
    assert ran["per_pixel"].shape == (height, width)
    assert ran["mask"].any()
    assert ran["per_pixel"][ran["mask"]].mean() > ran["per_pixel"][~ran["mask"]].mean()
    assert [row["path"] for row in ran["rows"]] == [one.path for one in ran["photos"]]
    assert {"width_max_px", "centreline"} <= ran["zones"][0].keys()
    first = ran["photos"][0]
    assert msgspec.json.decode(msgspec.json.encode(first), type=Inspected) == first


def test_what_is_said_of_scales_and_errors_is_so(ran: dict) -> None:
    assert ran["found"].scale is None
    assert ran["found"].scale_doubt in ran["told"]
    assert ran["table"] == {str(Path("photos") / "0.jpg"): (0.5, 0.0)}
    assert "missing gone.jpg: " in ran["told"]
    assert "cut.jpg truncated\n" in ran["told"]


def test_bundles_come_of_training_and_adapting(ran: dict, place: Path) -> None:
    with contextlib.chdir(place):
        assert crackscope.load(ran["run"].bundle).predict("wall.jpg").width == 600
    assert ran["figures"].n > 0


def test_what_is_suggested_compared_and_explained_is_what_the_page_says(ran: dict) -> None:
    assert ran["one"].cut(np.zeros((400, 400, 3), np.uint8)).ndim == 3
    assert ran["difference"].p_holm is None or 0 <= ran["difference"].p_holm <= 1
    assert ran["evidence"].explanation.painted
    for shown in ran["evidence"].pictures.values():
        assert (shown.dtype, shown.ndim, shown.shape[2]) == (np.uint8, 3, 3)


@pytest.mark.parametrize("way", ["spawn", "forkserver", "fork"])
def test_processes_predict_however_they_are_started(place: Path, way: str) -> None:
    block = BLOCKS[PROCESSES]
    assert '"spawn"' in block
    (place / f"{way}.py").write_text(block.replace('"spawn"', f'"{way}"'))
    assert lines_of(place, f"{way}.py") == ["['crack', 'crack']"]


def test_a_model_loaded_before_a_fork_may_be_used_after_it(place: Path) -> None:
    block = BLOCKS[PROCESSES].replace('"spawn"', '"fork"').replace(", initializer=start", "")
    block = block.replace('__main__":\n', '__main__":\n    start()\n    print(ask("wall.jpg").path)\n')
    (place / "before.py").write_text(block)
    assert lines_of(place, "before.py") == ["wall.jpg", "['crack', 'crack']"]


def lines_of(place: Path, script: str) -> list[str]:
    """What a script prints, in a fresh interpreter."""
    call = [sys.executable, "-W", "error", script]
    ended = subprocess.run(call, cwd=place, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()
