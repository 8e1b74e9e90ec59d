"""The script that makes the first picture of README."""

import runpy
import sys
from pathlib import Path

import numpy as np

from crackscope import images
from tests.small_bundle import write_small_bundle

SCRIPT = Path(__file__).parents[1] / "docs" / "one_picture.py"


def test_the_script_puts_a_picture_beside_what_is_found_in_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    wall = rng.integers(120, 136, (96, 64, 3), dtype=np.uint8)
    wall[:, 30:34] = 20
    images.write_png(wall, tmp_path / "wall.png")
    bundle = write_small_bundle(tmp_path / "bundle").path
    out = tmp_path / "both.jpg"
    call = [str(SCRIPT), str(tmp_path / "wall.png"), "-o", str(out), "--bundle", str(bundle)]
    monkeypatch.setattr(sys, "argv", call)
    runpy.run_path(str(SCRIPT), run_name="__main__")
    both = images.read(out).pixels.astype(int)
    assert both.shape == (96, 64 + 12 + 64, 3)
    left, right = both[:, :64], both[:, -64:]
    assert abs(left - wall).mean() < 12
    assert abs(right - wall).mean() > abs(left - wall).mean() + 5
