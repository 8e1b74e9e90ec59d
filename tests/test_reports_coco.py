"""Zones as COCO annotations, read by the format's own tools."""

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask
from pycocotools.coco import COCO

from crackscope import images, surfaces
from crackscope.cli import main
from crackscope.records import Inspected, Zone
from crackscope.reports.coco import coco_json, pixels_in
from crackscope.reports.label_studio import label_studio_json
from tests.test_inspection_holes import SIZE, crack_map, ring_shaped
from tests.test_inspection_measures import zones_of


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> COCO:
    """An inspection of cracks from 2 to 20 px wide."""
    folder = tmp_path_factory.mktemp("coco")
    for number, width_px in enumerate(((2.0, 3.0), (4.0, 6.0), (8.0, 11.0), (15.0, 20.0))):
        made = surfaces.generate(10 * number, (448, 448), kind="concrete", width_px=width_px)
        images.write_png(made.pixels, folder / f"{number}.png")
    assert main(["inspect", str(folder), "-o", str(folder / "out"), "--all-zones", "--quiet"]) == 0
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(folder / "out" / "coco.json"))


def test_the_area_is_that_of_the_polygons(loaded):
    widths = [one["attributes"]["width_max_px"] for one in loaded.anns.values()]
    assert min(widths) < 4
    assert max(widths) > 16
    for one in loaded.anns.values():
        assert int(mask.area(loaded.annToRLE(one))) == pytest.approx(one["area"], rel=0.03)


def test_the_polygons_lie_in_their_boxes(loaded):
    for one in loaded.anns.values():
        left, top, width, height = one["bbox"]
        x, y, wide, high = mask.toBbox(loaded.annToRLE(one))
        assert left <= x < x + wide <= left + width
        assert top <= y < y + high <= top + height


def test_the_area_of_the_cracks_own_pixels_is_told_besides(loaded):
    for one in loaded.anns.values():
        assert one["area"] == pytest.approx(one["attributes"]["area_px"], rel=0.15)


@pytest.mark.parametrize(("made", "middle"), [(ring_shaped, (160, 160)), (crack_map, (136, 136))])
def test_what_a_crack_encloses_is_not_crack(tmp_path, made, middle):
    (zone,) = zones_of(made())
    (tmp_path / "coco.json").write_bytes(b"".join(coco_json([photo_with(zone)], {"a.png": "a"})))
    with contextlib.redirect_stdout(io.StringIO()):
        read = COCO(str(tmp_path / "coco.json"))
    (one,) = read.anns.values()
    rle = read.annToRLE(one)
    assert int(mask.area(rle)) == pytest.approx(zone.area_px, rel=0.05)
    assert one["area"] == pytest.approx(zone.area_px, rel=0.05)
    assert not shared_px(rle, middle), "the middle of a slab is sound"
    assert shared_px(rle, (0, 0), SIZE) == int(mask.area(rle))


def photo_with(zone: Zone) -> Inspected:
    return Inspected(path="a.png", verdict="crack", probability=0.9, width=SIZE, height=SIZE, zones=(zone,))


def shared_px(rle, corner: tuple[int, int], side: int = 8) -> int:
    """How many px of an annotation lie in a square."""
    (square,) = mask.frPyObjects(np.array([[*corner, side, side]], np.float64), SIZE, SIZE)
    return int(mask.area(mask.merge([rle, square], intersect=True)))


@pytest.mark.parametrize("made", [ring_shaped, crack_map])
def test_label_studio_is_given_the_same_polygons(made):
    (zone,) = zones_of(made())
    photo, names = photo_with(zone), {"a.png": "a"}
    (annotation,) = json.loads(b"".join(coco_json([photo], names)))["annotations"]
    (task,) = json.loads(b"".join(label_studio_json([photo], names, "model")))
    regions = [np.array(region["value"]["points"]) for region in task["predictions"][0]["result"]]
    for points, flat in zip(regions, annotation["segmentation"], strict=True):
        assert points * SIZE / 100 == pytest.approx(np.array(flat).reshape(-1, 2), abs=0.01)


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(0.5, 9)), min_size=3, max_size=12), st.floats(0, 6.2), st.booleans()
)
def test_pixels_in_a_ring_are_those_whose_centres_it_holds(arms, turn, backwards):
    angles = turn + np.linspace(0, 2 * np.pi, len(arms), endpoint=False)
    ring = [(20 + reach * np.cos(a), 20.3 + reach * np.sin(a)) for a, (_, reach) in zip(angles, arms, strict=True)]
    rows, columns = np.mgrid[0:41, 0:41]
    inside = np.zeros((41, 41), bool)
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if x1 != x2:
            crosses = (x1 > columns) != (x2 > columns)
            inside ^= crosses & (rows < y1 + (y2 - y1) * (columns - x1) / (x2 - x1))
    assert abs(pixels_in(tuple(ring[::-1] if backwards else ring)) - inside.sum()) <= 1
