"""Which printed markers are seen in a photo, and what is said of those that are too small to give a scale."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from crackscope.cli import main
from crackscope.inspection import InspectOptions, Scaling, find_plane, inspect
from crackscope.surfaces import generate
from tests.marker_photos import mapped

SIZE = (448, 360)
"""Width and height of a photo, px."""


def laid(
    side_px: int, at: tuple[int, int], *, rim_px: int = 10, number: int = 7, seed: int = 3, cracked: bool = False
) -> np.ndarray:
    """A generated wall with a marker that no camera has blurred, its print's upper left corner at x, y px."""
    pixels = generate(seed, SIZE, cracked=cracked, kind="concrete").pixels.copy()
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    paper = np.full((side_px + 2 * rim_px, side_px + 2 * rim_px), 255, np.uint8)
    paper[rim_px : rim_px + side_px, rim_px : rim_px + side_px] = cv2.aruco.generateImageMarker(words, number, side_px)
    pixels[at[1] : at[1] + len(paper), at[0] : at[0] + len(paper)] = paper[..., None]
    return pixels


def told(pixels: np.ndarray, marker_mm: float = 50.0):
    return inspect(pixels, options=InspectOptions(scaling=Scaling(marker_mm=marker_mm), all_zones=True))


class TestSharpMarker:
    @pytest.mark.parametrize("side_px", [50, 60, 72, 90])
    def test_is_seen_though_its_black_is_as_even_as_a_gap(self, side_px):
        for number in (0, 7, 23):
            found = told(laid(side_px, (150, 120), number=number))
            assert found.scale is not None
            assert found.scale.mm_per_px == pytest.approx(50.0 / side_px, rel=0.005)

    @pytest.mark.parametrize("at", [(0, 120), (5, 120), (368, 120), (150, 4), (150, 279)])
    def test_is_seen_with_its_print_beside_the_border_of_the_photo(self, at):
        """A print whose corners lie at the border is none, and took the marker on it along."""
        plane = find_plane(laid(60, at), 60.0)
        assert plane is not None
        assert plane.marker == pytest.approx((at[0] + 39.5, at[1] + 39.5), abs=0.2)


class TestTooSmall:
    @pytest.mark.parametrize("side_px", [10, 12, 15])
    def test_is_named_with_what_to_do_and_gives_no_mm(self, side_px):
        found = told(laid(side_px, (150, 120), rim_px=4, cracked=True))
        assert found.scale is None
        assert found.scale_doubt.startswith("marker 7 is seen, but too small to give a scale")
        assert "16 are needed: go closer" in found.scale_doubt
        assert found.zones
        assert all(zone.length_mm is None for zone in found.zones)

    def test_in_a_large_photo_too(self):
        pixels = np.tile(laid(12, (150, 120), rim_px=4), (5, 1, 1))
        pixels = np.concatenate([pixels, np.full((len(pixels), 2600, 3), 120, np.uint8)], 1)
        plane = find_plane(pixels, 50.0)
        assert plane is not None
        assert plane.too_small is not None
        assert plane.too_small.number == 7

    def test_seen_from_the_side_it_is_said_to_be(self):
        pixels = laid(60, (150, 120))
        print_of_it = pixels[120:200, 150:230].copy()
        pixels[120:200, 150:230] = pixels[200:280, 150:230]
        pixels[120:200, 150:168] = cv2.resize(print_of_it, (18, 80), interpolation=cv2.INTER_AREA)
        found = told(pixels)
        assert found.scale is None
        assert found.scale_doubt.startswith("marker 7 is seen, but too obliquely to give a scale, 13 px across")
        assert "face the surface more squarely" in found.scale_doubt

    def test_it_takes_no_scale_from_one_that_is_large_enough(self):
        pixels = laid(60, (150, 120))
        pixels[20:40, 20:40] = laid(12, (0, 0), rim_px=4, number=9)[:20, :20]
        found = told(pixels)
        assert found.scale_doubt == ""
        assert found.scale.mm_per_px == pytest.approx(50 / 60, rel=0.005)

    def test_what_lies_on_it_is_no_surface(self):
        plane = find_plane(laid(12, (150, 120), rim_px=4), 50.0)
        assert plane.covers(np.array([plane.marker])).all()
        assert mapped(plane.to_mm, np.array([plane.marker])) == pytest.approx(np.full((1, 2), 25.0), abs=1.0)

    def test_terminal_table_and_report_say_so(self, tmp_path, capsys):
        for name, side_px in (("far", 12), ("near", 60)):
            Image.fromarray(laid(side_px, (150, 120), rim_px=6)).save(tmp_path / f"{name}.png")
        out = tmp_path / "out"
        photos = [str(tmp_path / f"{name}.png") for name in ("far", "near")]
        assert main(["inspect", *photos, "-o", str(out), "--marker-mm", "50"]) == 0
        doubt = "marker 7 is seen, but too small to give a scale, "
        said = capsys.readouterr()
        assert f"no mm: {doubt}" in " ".join(said.out.split())
        assert f"far.png has no mm: {doubt}" in " ".join(said.err.split())
        lines = [json.loads(line) for line in (out / "findings.jsonl").read_text("utf-8").splitlines()]
        assert {Path(line["photo"]).stem: line["scale_doubt"].startswith(doubt) for line in lines} == {
            "far": True,
            "near": False,
        }
        rows = list(csv.DictReader((out / "findings.csv").read_text("utf-8-sig").splitlines()))
        assert {Path(row["photo"]).stem: row["scale_doubt"].startswith(doubt) for row in rows} == {
            "far": True,
            "near": False,
        }
        page = (out / "index.html").read_text("utf-8")
        assert f"no mm: {doubt}" in page
        assert "For 1 photo what should tell the scale" in page
