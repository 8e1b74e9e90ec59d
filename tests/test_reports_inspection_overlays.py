"""Photos with marks drawn into them."""

import msgspec
import numpy as np
import pytest

from crackscope import images, reports
from crackscope.records import PhotoScale
from tests.small_exif import block, degrees, saved
from tests.small_inspection import SIZE, inspected, picture, zone

SCALE = PhotoScale(mm_per_px=0.1, source="flag")


def drawn(tmp_path, zones, mask=None, facts=None):
    path = picture(tmp_path, "a.jpg", 1)
    pixels = images.read(path).pixels
    before = pixels.copy()
    out = tmp_path / "overlays" / "a.jpg"
    given = () if facts is None else (facts,)
    reports.write_overlay(pixels, inspected(path, zones=zones), mask, path, out, *given)
    assert np.array_equal(pixels, before)
    return images.read(out).pixels.astype(int), before.astype(int), out


def colourful(pixels):
    return pixels.max(2) - pixels.min(2) > 60


def test_marks_go_around_the_crack_and_leave_the_rest(tmp_path):
    after, before, _ = drawn(tmp_path, (zone(1, 62, 4, 0.1),))
    marked = colourful(after)
    assert marked[40:90, 30:150].sum() > 200
    assert not marked[120:, :].any()
    assert np.abs(after - before)[120:].max() < 40
    # A pixel or two beside the crack are left free for the eye.
    assert not marked[60, 60:120].any()
    assert not marked[64, 60:120].any()
    assert marked[62, 60:120].mean() > 0.5


@pytest.mark.parametrize("masked", [False, True])
def test_the_mask_or_the_outline_is_followed(tmp_path, masked):
    mask = np.zeros(SIZE[::-1], bool)
    mask[61:63, 50:100] = True
    marked = colourful(drawn(tmp_path, (zone(1, 62, 4),), mask if masked else None)[0])
    # The centre line (rows 62 and 63) is drawn along all of the crack; what lies beside it goes by the mask, if any.
    # The number stands above, up to column 128.
    below, above = marked[64:75, 108:150], marked[50:61, 128:150]
    assert below.any(0).sum() == 0 if masked else below.any(0).sum() > 20
    assert above.any(0).sum() == 0 if masked else above.any(0).sum() > 10
    assert marked[50:75, 45:95].any()
    assert marked[[57, 67], 115:135].any() != masked


def test_a_mask_that_misses_a_zone_leaves_its_outline(tmp_path):
    elsewhere = np.zeros(SIZE[::-1], bool)
    elsewhere[150:152, 10:20] = True
    marked, unmasked = (colourful(drawn(tmp_path, (zone(1, 62, 4),), mask)[0]) for mask in (elsewhere, None))
    assert np.array_equal(marked, unmasked)


def plate(after):
    """Middle of the plate with the number: where squares of 8 px are in colour throughout."""
    from scipy.ndimage import uniform_filter

    full = uniform_filter(colourful(after).astype(float), 8) > 0.99
    rows, columns = np.nonzero(full)
    return columns.mean(), rows.mean()


def test_a_number_stands_beside_its_crack_and_not_at_the_corner_of_its_box(tmp_path):
    slanted = zone(1, 62, 4)
    line = ((20.0, 150.0), (120.0, 80.0), (220.0, 10.0))
    ring = ((20.0, 148.0), (220.0, 8.0), (220.0, 12.0), (20.0, 152.0))
    slanted = msgspec.structs.replace(slanted, centreline=(line,), outline=(ring,), box=(20, 8, 201, 145))
    after, _, _ = drawn(tmp_path, (slanted,))
    x, y = plate(after)
    away = abs((x - 20) * -140 - (y - 150) * 200) / np.hypot(200, 140)
    assert away < 60
    assert not colourful(after)[8:30, 20:60].any()


def test_numbers_of_neighbours_do_not_cover_each_other(tmp_path):
    from crackscope.reports.label_places import LabelPlaces

    zones = [zone(number, 60 + 3 * number, 2) for number in range(1, 5)]
    places = LabelPlaces(SIZE[::-1], zones)
    taken = [places.take(one, (40, 14), 8)[:2] for one in zones]
    for number, (left, top) in enumerate(taken):
        assert 0 <= left <= SIZE[0] - 40
        assert 0 <= top <= SIZE[1] - 14
        assert not any(abs(left - x) < 36 and abs(top - y) < 10 for x, y in taken[:number])


def test_colours_go_by_width_class(tmp_path):
    facts = reports.InspectionFacts(limits_mm=(0.2, 0.8))
    thin = drawn(tmp_path, (zone(1, 62, 1.5, 0.1),), facts=facts)[0]
    wide = drawn(tmp_path, (zone(1, 62, 12, 0.1),), facts=facts)[0]
    hue = [np.median(one[colourful(one)], axis=0) for one in (thin, wide)]
    assert hue[0][1] > hue[0][2] + 60
    assert hue[1][2] > hue[1][1] + 60


def test_the_exif_block_is_kept_and_the_turn_is_gone(tmp_path):
    gps = {1: "N", 2: degrees(52.5), 3: "E", 4: degrees(13.4)}
    sides = {0xA002: SIZE[0], 0xA003: SIZE[1]}
    source = tmp_path / "turned.jpg"
    source.write_bytes(saved(np.full((*SIZE[::-1], 3), 120, np.uint8), block({0x0112: 8}, sides, gps)))
    pixels = images.read(source).pixels
    photo = inspected(str(source), zones=(zone(1, 62, 4, x=10),))
    reports.write_overlay(pixels, photo, None, source, tmp_path / "out.jpg")
    header = images.read_header(tmp_path / "out.jpg")
    assert (header.width, header.height, header.orientation) == (*SIZE[::-1], 1)
    assert images.read_place(tmp_path / "out.jpg") == images.read_place(source)


def test_zones_at_and_over_the_edge(tmp_path):
    zones = (zone(1, 0, 4, x=0), zone(2, 159, 6, x=200), zone(3, 80, 2, x=-30), zone(4, 500, 3, x=600))
    after, _, _ = drawn(tmp_path, zones)
    assert colourful(after).any()


def test_a_photo_without_zones_is_itself(tmp_path):
    after, before, _ = drawn(tmp_path, ())
    assert np.abs(after - before).max() < 40


@pytest.mark.parametrize("masked", [False, True])
def test_the_inner_side_of_a_ring_is_marked_and_its_middle_is_left(tmp_path, masked):
    outer = ((50.0, 30.0), (50.0, 130.0), (190.0, 130.0), (190.0, 30.0))
    inner = ((54.0, 34.0), (186.0, 34.0), (186.0, 126.0), (54.0, 126.0))
    line = (*(tuple(np.add(corner, 2) for corner in outer)), (52.0, 32.0))
    ring = msgspec.structs.replace(zone(1, 62, 4), outline=(outer,), box=(50, 30, 141, 101), centreline=(line,))
    ring = msgspec.structs.replace(ring, holes=(inner,))
    mask = np.zeros(SIZE[::-1], bool)
    mask[30:131, 50:191] = True
    mask[34:126, 54:186] = False
    # Another crack on the slab is not this one.
    mask[100:104, 120:124] = masked
    marked = colourful(drawn(tmp_path, (ring,), mask if masked else None)[0])
    assert marked[60:120, 40:48].any(1).all()
    assert marked[60:120, 56:62].any(1).all()
    assert not marked[90:115, 100:140].any()
