"""What records show of themselves at a prompt: all that they say, and of what is long how much there is."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

import crackscope
from crackscope import images
from crackscope.bundles import open_bundle
from crackscope.datasets import Split
from crackscope.inspection import Inspection, InspectOptions, inspect_photo, open_photo
from crackscope.records import Inspected, Row
from crackscope.scoring import load
from tests.small_bundle import write_small_bundle


@pytest.fixture(scope="module")
def inspection(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """Of a photo with some cracks, as a small network sees it."""
    place = tmp_path_factory.mktemp("photo")
    pixels = np.random.default_rng(0).integers(178, 183, (400, 600, 3), dtype=np.uint8)
    for row in range(20, 400, 40):
        for column in range(20, 580):
            top = row + round(6 * np.sin(column / 15))
            pixels[top : top + 3, column] = 40
    images.write_png(pixels, place / "wall.png")
    model = load(write_small_bundle(place / "bundle").path)
    return inspect_photo(model, open_photo(place / "wall.png"), InspectOptions(all_zones=True))


def test_a_photo_tells_its_verdict_and_how_many_zones(inspection: Inspection) -> None:
    record = inspection.record
    assert len(record.zones) > 3
    shown = repr(record)
    assert shown.startswith(f"Inspected(path={record.path!r}, verdict={record.verdict!r}, probability=")
    assert f"zones=<{len(record.zones)} x Zone>" in shown
    assert len(shown) < 800


def test_a_zone_tells_its_measures_and_how_many_points(inspection: Inspection) -> None:
    zone = inspection.record.zones[0]
    points = sum(len(line) for line in zone.outline)
    lines = "1 line" if len(zone.outline) == 1 else f"{len(zone.outline)} lines"
    assert f"outline=<{lines} of {points} points>" in repr(zone)
    assert f"width_max_px={zone.width_max_px!r}" in repr(zone)
    assert len(repr(zone)) < 1200


def test_arrays_are_told_by_dtype_and_shape(inspection: Inspection) -> None:
    shown = repr(inspection)
    assert "mask=<bool [400, 600]>" in shown
    assert f"logits=<float32 {list(inspection.heat.logits.shape)}>" in shown
    assert len(shown) < 2500


def test_a_model_tells_its_bundle_and_the_bundle_what_it_is() -> None:
    model = crackscope.load(threads=1)
    assert repr(model) == f"Model('default', {str(model.bundle.path)!r}, {model.manifest.precision}, 1 thread)"
    assert "sound=<400 x float>" in repr(model.manifest.verdict)
    assert len(repr(model.bundle)) < 3000


def test_a_split_tells_how_many_rows() -> None:
    rows = tuple(Row(path=f"{number}.png", label="crack") for number in range(5000))
    assert "rows=<5,000 x Row>" in repr(Split(rows=rows, fingerprint="f"))


def test_what_is_short_is_shown_as_it_is_and_what_is_empty_left_out() -> None:
    record = Inspected(path="a.jpg", verdict="sound", probability=0.0, width=3, height=2)
    assert repr(record).startswith(
        "Inspected(path='a.jpg', verdict='sound', probability=0.0, width=3, height=2, crack_"
    )
    assert not {"zones", "scale", "reason", "halved"} & {part.split("=")[0] for part in repr(record).split(", ")}


def test_fields_equality_and_encoding_stay(inspection: Inspection, tmp_path: Path) -> None:
    record, manifest = inspection.record, open_bundle("default").manifest
    assert msgspec.json.decode(msgspec.json.encode(record), type=Inspected) == record
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=type(manifest)) == manifest
    assert len(msgspec.to_builtins(record)["zones"][0]["outline"][0]) == len(record.zones[0].outline[0])
