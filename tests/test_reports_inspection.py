"""The folder of an inspection: what is in it, and that other programs can read it."""

import csv
import io
import json
import os
import re
import unicodedata
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import images, reports
from crackscope.encoding import original
from crackscope.errors import OutputError
from crackscope.inspection import class_names, width_class
from crackscope.records import Failure, Inspected, Place, Unread, Zone
from crackscope.reports.geojson import photos_geojson
from crackscope.reports.inspection_classes import WidthClasses, classes_of
from crackscope.reports.inspection_map import photo_map
from crackscope.reports.inspection_names import short_names
from tests.small_exif import block, saved
from tests.small_inspection import EVIL, SIZE, facts, inspected, photos, picture, zone

FILES = [
    "findings.csv",
    "findings.jsonl",
    "photos.geojson",
    "coco.json",
    "label-studio.json",
    "label-studio.xml",
    "inspection.json",
    "index.html",
]


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[Inspected | Unread]:
    return photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("report") / "out"
    assert reports.write_inspection(target, found, facts()) == FILES
    return target


def loaded(folder: Path, name: str):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "findings.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_folder_is_complete_in_itself(folder, found):
    names = reports.picture_names([photo.path for photo in found])
    assert {path.name for path in folder.iterdir()} == {*FILES, "photos", "thumbs", "overlays"}
    for photo in found:
        there = [(folder / part / f"{names[photo.path]}.jpg").is_file() for part in ("photos", "thumbs", "overlays")]
        assert there == [isinstance(photo, Inspected)] * 3


def test_a_row_for_each_zone_and_one_for_each_photo_without(folder, found):
    table = rows(folder)
    assert [row["verdict"] for row in table] == ["sound", *["crack"] * 4, "cannot judge", "unreadable", "unreadable"]
    widest = table[3]
    assert (widest["zone"], widest["width_class"]) == ("1", "0.2-0.3")
    assert float(widest["width_max_mm"]) == pytest.approx(1.2)
    assert float(widest["width_max_mm_low"]) < 1.2 < float(widest["width_max_mm_high"])
    assert float(widest["length_mm"]) == pytest.approx(10)
    assert float(widest["thinnest_mm"]) == pytest.approx(0.13)
    assert table[4]["width_max_mm"] == table[4]["mm_per_px"] == ""
    assert [row["thinnest_px"] for row in table] == ["1.3"] * 5 + [""] * 3
    assert float(table[1]["longitude"]) < -13.3
    assert "missing" in table[6]["reason"]


def test_the_table_is_utf_8_and_leads_back_to_every_file_name(folder, found):
    """Strict readers, such as pandas, refuse a whole table for one byte that is no UTF-8."""
    named = dict.fromkeys(row["photo"] for row in rows(folder))
    assert [original(name) for name in named] == [photo.path for photo in found]
    assert list(named)[-1].endswith("/\\udcff.jpg")


@given(st.lists(st.sampled_from(sorted({*range(1, 256)} - set(b"/"))), min_size=1, max_size=12).map(bytes))
def test_a_name_of_any_bytes_comes_back_from_every_file(tmp_path_factory, name):
    path = "/" + os.fsdecode(name)
    target = tmp_path_factory.mktemp("any")
    reports.write_inspection(target, [inspected_bare(path, "dark"), lost_bare("/lost" + path)], facts())
    collection = loaded(target, "photos.geojson")["features"]
    jsonl = (target / "findings.jsonl").read_text(encoding="utf-8").rstrip("\n").split("\n")
    coco, tasks = loaded(target, "coco.json"), loaded(target, "label-studio.json")
    whole = loaded(target, "inspection.json")["photos"]
    for read in (
        [row["photo"] for row in rows(target)],
        [json.loads(line)["photo"] for line in jsonl],
        [one["properties"]["photo"] for one in collection],
        [one["photo"] for one in whole],
        [*(one["source"] for one in coco["images"]), "/lost" + path],
        [*(one["data"]["photo"] for one in tasks), "/lost" + path],
    ):
        assert [os.fsencode(original(one)) for one in read] == [b"/" + name, b"/lost/" + name]
    assert (target / "index.html").read_text(encoding="utf-8")


def test_no_cell_is_a_formula(folder):
    for row in rows(folder):
        for name, cell in row.items():
            assert not cell.startswith(("=", "+", "@", "\t", "\r")), (name, cell)
            assert not cell.startswith("-") or float(cell) < 0


@given(text=st.text(max_size=12), start=st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\n"]))
def test_no_text_at_all_becomes_a_formula(text, start):
    from crackscope.reports.findings_table import findings_csv

    lost = Unread(path=start + text, error=Failure(kind="missing", message=text))
    told = inspected_bare(start + text, text)
    content = b"".join(findings_csv([lost, told], {lost.path: "a", told.path: "a"})).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(content, newline="")))
    assert len(table) == 3
    assert len({len(row) for row in table}) == 1
    assert not any(cell[:1] in tuple("=+-@\t\r") and cell for row in table for cell in row)


def lost_bare(path: str) -> Unread:
    return Unread(path=path, error=Failure(kind="missing", message=path))


def inspected_bare(path: str, reason: str) -> Inspected:
    return Inspected(path=path, verdict="cannot judge", probability=0.5, width=3, height=2, reason=reason)


def test_the_lines_hold_all_that_was_found(folder, found):
    lines = [json.loads(line) for line in (folder / "findings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len(rows(folder))
    zones = [one for photo in found if isinstance(photo, Inspected) for one in photo.zones]
    kept = [msgspec.convert(line["zone"], Zone) for line in lines if line.get("zone")]
    assert kept == zones
    assert lines[-2]["error"]["kind"] == "missing"
    assert lines[-1]["photo"].endswith("\\udcff.jpg")
    assert lines[0]["zone"] is None


def test_the_inspection_as_one_document(folder, found):
    whole = loaded(folder, "inspection.json")
    assert whole["counts"] == {"crack": 3, "cannot judge": 1, "sound": 1, "unreadable": 2}
    assert whole["zones"] == 4
    assert whole["facts"]["title"] == EVIL
    assert [photo.get("verdict") for photo in whole["photos"]] == [getattr(one, "verdict", None) for one in found]


def test_how_likely_a_sound_photo_shows_as_much_is_in_the_data(tmp_path):
    told = msgspec.structs.replace(inspected_bare("/a.jpg", ""), verdict="sound", probability=0.97, chance=0.0775905)
    reports.write_inspection(tmp_path, [told, inspected_bare("/b.jpg", "dark")], facts())
    assert [row["photo_chance"] for row in rows(tmp_path)] == ["0.07759", ""]
    lines = (tmp_path / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["chance"] for line in lines] == [0.0775905, None]
    features = [one["properties"] for one in loaded(tmp_path, "photos.geojson")["features"]]
    assert [one["chance"] for one in features] == [0.07759, None]


def test_what_is_to_be_looked_at_again_is_in_the_data(tmp_path):
    plain = msgspec.structs.replace(inspected_bare("/a.jpg", ""), verdict="sound", probability=0.49)
    again = msgspec.structs.replace(plain, path="/b.jpg", probability=0.5)
    cracked = msgspec.structs.replace(plain, path="/c.jpg", verdict="crack", probability=0.9)
    rare = msgspec.structs.replace(again, path="/d.jpg", chance=0.49)
    common = msgspec.structs.replace(again, path="/e.jpg", chance=0.5)
    told = [False, True, False, True, False]
    reports.write_inspection(tmp_path, [plain, again, cracked, rare, common], facts())
    assert [row["suspicious"] for row in rows(tmp_path)] == [str(one) for one in told]
    lines = (tmp_path / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["suspicious"] for line in lines] == told
    features = [one["properties"] for one in loaded(tmp_path, "photos.geojson")["features"]]
    assert [one["suspicious"] for one in features] == told


def test_the_map_is_geojson_as_rfc_7946_has_it(folder, found):
    collection = loaded(folder, "photos.geojson")
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    assert len(collection["features"]) == len(found)
    keys = {tuple(feature["properties"]) for feature in collection["features"]}
    assert len(keys) == 1
    for feature, photo in zip(collection["features"], found, strict=True):
        assert set(feature) == {"type", "geometry", "properties"}
        place = getattr(photo, "place", None)
        if place is None or place.latitude is None:
            assert feature["geometry"] is None
            continue
        longitude, latitude = feature["geometry"]["coordinates"]  # no height: EXIF's is not above the ellipsoid
        assert (longitude, latitude) == pytest.approx((place.longitude, place.latitude), abs=1e-6)
        assert feature["properties"]["direction_deg"] == place.direction_deg
        assert feature["properties"]["altitude_m"] == place.altitude_m
        assert (folder / feature["properties"]["picture"]).is_file()


def test_a_height_above_the_sea_is_no_coordinate():
    place = Place(latitude=47.5, longitude=8.25, altitude_m=12.346)
    photo = Inspected(path="a.jpg", verdict="sound", probability=0.1, width=9, height=9, place=place)
    (feature,) = json.loads(b"".join(photos_geojson([photo], {"a.jpg": "a"})))["features"]
    assert feature["geometry"]["coordinates"] == [8.25, 47.5]
    assert feature["properties"]["altitude_m"] == 12.35


@pytest.mark.parametrize(("chances", "widest"), [((0.9, 0.4), 4), ((0.3, 0.4), 8)])
def test_the_map_tells_the_widest_crack_that_is_more_likely_than_not(chances, widest):
    """As the page does; where none is likely, of all of them."""
    zones = (zone(1, 40, 4, 0.5), zone(2, 80, 8, 0.5))
    zones = tuple(msgspec.structs.replace(one, probability=chance) for one, chance in zip(zones, chances, strict=True))
    photo = Inspected(path="a.jpg", verdict="crack", probability=0.9, width=300, height=200, zones=zones)
    (feature,) = json.loads(b"".join(photos_geojson([photo], {"a.jpg": "a"})))["features"]
    assert (feature["properties"]["width_max_px"], feature["properties"]["width_max_mm"]) == (widest, widest / 2)
    assert feature["properties"]["zones"] == 2


def test_coco(folder, found):
    document = loaded(folder, "coco.json")
    images_by_id = {image["id"]: image for image in document["images"]}
    assert len(images_by_id) == len(document["images"]) == 5
    assert len({one["id"] for one in document["annotations"]}) == len(document["annotations"]) == 4
    for image in document["images"]:
        header = images.read_header(folder / image["file_name"])
        assert (header.width, header.height, header.orientation) == (image["width"], image["height"], 1)
    for one in document["annotations"]:
        image = images_by_id[one["image_id"]]
        assert one["category_id"] == document["categories"][0]["id"]
        for ring in one["segmentation"]:
            assert len(ring) >= 6
            assert len(ring) % 2 == 0
            assert min(ring) >= 0
            assert max(ring[::2]) <= image["width"]
            assert max(ring[1::2]) <= image["height"]


def test_corners_in_coco_count_from_the_corner_of_the_picture(folder):
    first = loaded(folder, "coco.json")["annotations"][0]
    # The crack that begins at the pixel (40, 60), whose middle is at (0, 0) in our records.
    assert first["segmentation"][0][:2] == [40.5, 60.5]


def test_a_zone_without_surface_is_its_box_in_coco():
    from crackscope.reports.coco import polygons

    bare = msgspec.structs.replace(zone(1, 50, 3), outline=(((3.0, 4.0), (5.0, 4.0)),))
    left, top, width, height = bare.box
    corners = np.array(polygons(bare)[0])
    assert tuple(corners.min(0)) == (left - 0.5, top - 0.5)
    assert tuple(corners.max(0) - corners.min(0)) == (width, height)


def test_label_studio(folder):
    tasks = loaded(folder, "label-studio.json")
    assert len(tasks) == 5
    regions = [region for task in tasks for region in task["predictions"][0]["result"]]
    assert len(regions) == 4
    for region in regions:
        assert (region["original_width"], region["original_height"]) == SIZE
        points = np.array(region["value"]["points"])
        assert points.min() >= 0
        assert points.max() <= 100
        assert region["value"]["polygonlabels"] == ["crack"]
    # The first corner of the crack at (40, 60) px, counted from the corner of the picture.
    assert tasks[1]["predictions"][0]["result"][0]["value"]["points"][0] == pytest.approx([16.875, 37.8125])


def test_an_upright_jpeg_is_copied_and_any_other_is_turned(tmp_path, found):
    source = picture(tmp_path, "a.jpg", 9)
    pixels = images.read(source).pixels
    reports.write_photo(pixels, source, tmp_path, "same")
    assert (tmp_path / "photos/same.jpg").read_bytes() == Path(source).read_bytes()
    images.write_png(pixels, tmp_path / "b.png")
    reports.write_photo(pixels, tmp_path / "b.png", tmp_path, "other", (np.zeros((40, 60), np.float32), 4))
    assert images.read_header(tmp_path / "photos/other.jpg").format == "JPEG"
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(saved(pixels, block({0x0112: 6}, {}, {})))
    reports.write_photo(images.read(turned).pixels, turned, tmp_path, "upright")
    upright = images.read_header(tmp_path / "photos/upright.jpg")
    assert (upright.width, upright.height, upright.orientation) == (*SIZE[::-1], 1)
    assert images.read_header(tmp_path / "heat/other.png").mode == "RGBA"


def test_heat_lies_where_the_cells_are():
    from crackscope.reports.inspection_pictures import heat_picture

    logits = np.full((5, 7), -9, np.float32)
    logits[2, 3] = 9
    shown = heat_picture(logits, 32, (200, 150))
    assert shown.shape == (5, 7, 4)
    assert np.unravel_index(shown[..., 3].argmax(), (5, 7)) == (2, 3)
    assert shown[0, 0].tolist() == [0, 0, 0, 0]


def test_pictures_that_are_there_are_left_alone(folder, found, tmp_path):
    overlay = next((folder / "overlays").iterdir())
    overlay.write_bytes(b"mine")
    reports.write_inspection(folder, found, facts())
    assert overlay.read_bytes() == b"mine"
    overlay.unlink()
    reports.write_inspection(folder, found, facts())
    assert images.read_header(overlay).format == "JPEG"


def test_pictures_that_are_not_shown_go_but_never_a_photo_itself(tmp_path):
    (tmp_path / "photos").mkdir()
    own, left_out = tmp_path / "photos" / "own.jpg", tmp_path / "photos" / "left_out.jpg"
    for path in (own, left_out):
        path.write_bytes(b"a picture")
    reports.remove_pictures(tmp_path, [], [str(own), "elsewhere/left_out.jpg"])
    assert own.exists()
    assert not left_out.exists()


def test_a_metre_is_as_long_everywhere_on_the_map_and_the_date_line_cuts_nothing():
    def spots(*places: tuple[float, float]) -> list[tuple[float, float]]:
        seen = [
            msgspec.structs.replace(inspected_bare(str(number), ""), place=Place(latitude=lat, longitude=lon))
            for number, (lat, lon) in enumerate(places)
        ]
        numbers = {one.path: number for number, one in enumerate(seen)}
        drawn = photo_map(seen, numbers, classes_of(reports.InspectionFacts()), {one.path: one.path for one in seen})
        return [(spot.x, spot.y) for spot in sorted(drawn.spots, key=lambda spot: spot.number)]

    here, north, east = spots((60, 10), (60.001, 10), (60, 10.002))
    assert here[1] - north[1] == pytest.approx(east[0] - here[0], rel=0.01)
    (west, _), (beyond, _), (farther, _) = spots((0, 179.999), (0, -179.999), (0, -179.997))
    assert beyond - west == pytest.approx(farther - beyond, abs=0.2)
    assert beyond > west + 100


def test_on_the_map_wider_cracks_lie_above_thinner_ones_however_many_classes_there_are():
    wide = [inspected_at(f"{width}.jpg", zone(1, 62, width, 0.1)) for width in (150, 25, 105)]
    seen = [wide[0], inspected_at("bare.jpg", zone(1, 62, 3)), inspected_at("none.jpg"), *wide[1:]]
    limits = classes_of(reports.InspectionFacts(limits_mm=tuple(range(1, 15))))
    numbers = {one.path: number for number, one in enumerate(seen)}
    drawn = photo_map(seen, numbers, limits, {one.path: one.path for one in seen})
    assert [seen[spot.number].path for spot in drawn.spots] == ["none.jpg", "bare.jpg", "25.jpg", "105.jpg", "150.jpg"]


def inspected_at(path: str, *zones) -> Inspected:
    return inspected(path, zones=zones, place=Place(latitude=50.0, longitude=10.0))


@given(
    limits=st.lists(st.floats(0.01, 50), min_size=1, max_size=6, unique=True).map(sorted),
    width=st.floats(0, 60),
    on_a_limit=st.booleans(),
)
def test_marks_have_the_class_that_the_findings_name(limits, width, on_a_limit):
    width = limits[len(limits) // 2] if on_a_limit else width
    place = WidthClasses(tuple(limits), "mm").place(width)
    assert class_names(limits)[place] == width_class(width, limits)


def test_the_same_findings_make_the_same_bytes(folder, found, tmp_path):
    reports.write_inspection(tmp_path, found, facts())
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_nothing_at_all_and_photos_that_have_gone(tmp_path):
    reports.write_inspection(tmp_path / "none", [], reports.InspectionFacts())
    assert "No photo was inspected" in (tmp_path / "none/index.html").read_text()
    gone = inspected_bare(str(tmp_path / "gone.jpg"), "")
    reports.write_inspection(tmp_path / "gone", [gone], reports.InspectionFacts())
    assert "could no longer be read" in (tmp_path / "gone/index.html").read_text()


def test_of_one_path_the_last_record_counts(tmp_path):
    path = picture(tmp_path, "a.jpg", 1)
    reports.write_inspection(tmp_path / "out", [inspected(path, "sound"), inspected(path)], reports.InspectionFacts())
    assert loaded(tmp_path / "out", "inspection.json")["counts"]["crack"] == 1


def test_what_stands_in_the_way_is_named(tmp_path, found):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        reports.write_inspection(tmp_path / "out", found, facts())


@settings(max_examples=200)
@given(st.lists(st.text(max_size=20), unique=True, max_size=8))
def test_names_of_pictures_are_safe_and_differ(paths):
    names = reports.picture_names(paths)
    assert len({name.casefold() for name in names.values()}) == len(paths)
    assert reports.picture_names(paths[::-1]) == names
    for name in names.values():
        assert name
        assert all(c.isalnum() or c in "_.-" for c in name)
        assert not name.startswith((".", "-"))
        assert not name.endswith(".")
        assert len(name) <= 80


def test_names_are_those_of_the_files_where_that_goes():
    names = reports.picture_names(
        ["a/IMG_1.jpg", "b/IMG_2.JPG", "c/Nord seite.v2.png", "con.jpg", "d/x.jpg", "e/X.jpg"]
    )
    assert list(names.values())[:4] == ["IMG_1", "IMG_2", "Nord_seite.v2", "_con"]
    assert names["d/x.jpg"].startswith("x-")
    assert names["e/X.jpg"].startswith("X-")


def test_a_letter_with_a_sign_is_one_letter_however_it_is_spelt():
    """Some file systems part é into e and a sign, and of two names that differ in that alone they keep one."""
    once, apart = "été", unicodedata.normalize("NFD", "été")
    assert reports.picture_names([f"b/{apart}.jpg"]) == {f"b/{apart}.jpg": once}
    names = reports.picture_names([f"a/{once}.jpg", f"b/{apart}.jpg"])
    assert all(re.fullmatch(f"{once}-[0-9a-f]{{8}}", name) for name in names.values())
    assert len({unicodedata.normalize("NFD", name) for name in names.values()}) == 2


def test_a_photo_called_as_another_is_with_its_digits_takes_none_of_its_pictures():
    """As in a folder that a report's own photos were copied to."""
    paths = ["/p/a.jpg", "/p/A.png", "/p/b.jpg"]
    copied = paths[0]
    for _ in range(3):
        copied = f"/p/{reports.picture_names(paths)[copied].upper()}.jpg"
        paths.append(copied)
    names = reports.picture_names(paths)
    assert len({name.casefold() for name in names.values()}) == len(paths) == 6
    assert names["/p/b.jpg"] == "b"
    assert reports.picture_names(paths[::-1]) == names


def test_names_have_as_many_folders_as_tell_them_apart():
    paths = ["in/a.jpg", "in/x/same.jpg", "in/y/same.jpg", "same.jpg", "in/x/deep/b\n.jpg"]
    assert list(map(short_names(paths).get, paths)) == ["a.jpg", "x/same.jpg", "y/same.jpg", "same.jpg", "b\\n.jpg"]


@pytest.mark.skipif(os.sep == "\\", reason="there a backslash parts folders")
def test_a_backslash_is_part_of_a_name_where_slashes_part_folders():
    paths = ["in/back\\slash.jpg", "in/slash.jpg"]
    assert short_names(paths) == dict(zip(paths, ["back\\slash.jpg", "slash.jpg"], strict=True))
    assert reports.picture_names(paths) == dict(zip(paths, ["back_slash", "slash"], strict=True))
