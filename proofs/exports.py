"""What other programs read in the files of an inspection: pycocotools, Label Studio's SDK and converter, and GDAL,
which QGIS reads GeoJSON with.

    python proofs/exports.py [--photos 8] [--venv DIR] | tee proofs/exports.txt

Generates photos, inspects them with the default bundle, writes the report, and asks the other programs in an
environment of their own, which is made in a temporary folder, or kept in DIR. Ends with 1 where anything differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

WANTED = ("pycocotools==2.0.11", "label-studio-sdk==2.1.2", "pyogrio==0.13.0", "shapely==2.2.0")
CORNER_PX = 0.02
"""What rounding per cents to four decimals may move a corner of a photo of 10,000 px, twice over."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--venv")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        return check(Path(asked.inside))
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        report = write_report(place, asked.photos)
        python = environment(Path(asked.venv) if asked.venv else place / "venv")
        return subprocess.run([python, __file__, "--inside", str(report)], check=False).returncode


def environment(folder: Path) -> Path:
    """The Python of an environment that holds the other programs."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *WANTED], check=True, stdout=subprocess.DEVNULL)
    return python


def write_report(place: Path, count: int) -> Path:
    """Photos with and without cracks, some with a position, inspected."""
    from PIL import Image

    from crackscope import inspect, reports, surfaces
    from crackscope.inspection import InspectOptions, Scaling

    place.joinpath("photos").mkdir()
    options = InspectOptions(scaling=Scaling(mm_per_px=0.1), all_zones=True)
    records = []
    for seed in range(count):
        surface = surfaces.generate(seed + 40, (900, 600) if seed % 2 else (600, 900), cracked=seed % 4 != 3)
        exif = Image.Exif()
        if seed % 3:
            exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, seed * 1.0), 3: "E", 4: (151.0, 12.0, 55.0), 17: 90.0})
        path = place / "photos" / f"Brücke {seed}, <north>.jpg"
        Image.fromarray(surface.pixels).save(path, exif=exif.tobytes())
        records.append(inspect(str(path), options=options))
    reports.write_inspection(place / "report", records, reports.InspectionFacts(bundle="default"))
    return place / "report"


def check(report: Path) -> int:
    """Inside the other environment: every check says what it found; True where it is as it should be."""
    findings = [json.loads(line) for line in (report / "findings.jsonl").read_text(encoding="utf-8").splitlines()]
    zones = [line["zone"] for line in findings if line["zone"]]
    photos = {line["photo"] for line in findings}
    print(f"report: {len(photos)} photos, {len(zones)} zones")
    results = [coco(report, zones), label_studio(report, len(photos), len(zones)), geojson(report, len(photos))]
    print("all as it should be" if all(results) else "SOMETHING DIFFERS")
    return 0 if all(results) and zones else 1


def coco(report: Path, zones: list[dict]) -> bool:
    """Loads with pycocotools; masks from its polygons cover what the zones say they cover."""
    import contextlib
    import io

    import numpy as np
    import pycocotools
    from PIL import Image
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        loaded = COCO(str(report / "coco.json"))
        scores = loaded.loadRes(
            [
                {
                    "image_id": one["image_id"],
                    "category_id": 1,
                    "segmentation": loaded.annToRLE(one),
                    "score": one["score"],
                }
                for one in loaded.anns.values()
            ]
        )
    inside, ratios, sizes = [], [], []
    for one in loaded.anns.values():
        mask = loaded.annToMask(one)
        left, top, width, height = one["bbox"]
        ratios.append(float(mask.sum()) / one["attributes"]["area_px"])
        box = np.zeros_like(mask)
        box[top : top + height, left : left + width] = 1
        inside.append(int(mask.sum()) > 0 and not (mask & ~box & 1).any())
    for image in loaded.imgs.values():
        with Image.open(report / image["file_name"]) as picture:
            sizes.append(picture.size == (image["width"], image["height"]))
    fine = len(loaded.anns) == len(zones) and all(inside) and all(sizes) and len(scores.anns) == len(zones)
    version = getattr(pycocotools, "__version__", WANTED[0].partition("==")[2])
    print(
        f"pycocotools {version}: {len(loaded.imgs)} images, {len(loaded.anns)} annotations loaded and loaded again as"
    )
    print(
        f"  results; {sum(inside)} masks are not empty and lie in their boxes; {sum(sizes)} files have the stated size"
    )
    print(f"  polygons cover {np.median(ratios):.2f} of the area of their zones (median), holes filled")
    return fine


def label_studio(report: Path, photos: int, zones: int) -> bool:
    """The SDK accepts every task and prediction; its converter turns them into the polygons of coco.json."""
    import label_studio_sdk
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface

    labelling = (report / "label-studio.xml").read_text(encoding="utf-8")
    interface = LabelInterface(labelling)
    interface.validate()
    tasks = json.loads((report / "label-studio.json").read_text(encoding="utf-8"))
    wrong = [
        error for task in tasks for one in task["predictions"] for error in interface.validate_prediction(one, True)
    ]
    # With its predictions beside it the SDK cannot check a task (2.1.2 calls itself without an argument).
    valid = sum(bool(interface.validate_task({"data": task["data"]})) for task in tasks)
    regions = sum(len(task["predictions"][0]["result"]) for task in tasks)
    # What Label Studio stores when a person accepts every prediction as it is.
    accepted = [
        {
            "id": number,
            "data": task["data"],
            "annotations": [{"id": number, "result": task["predictions"][0]["result"]}],
        }
        for number, task in enumerate(tasks, 1)
    ]
    (report / "accepted.json").write_text(json.dumps(accepted), encoding="utf-8")
    converter = Converter(labelling, str(report), download_resources=False)
    converter.convert_to_coco(str(report / "accepted.json"), str(report / "converted"), is_dir=False)
    converted = json.loads((report / "converted" / "result.json").read_text(encoding="utf-8"))
    ours = [
        ring for one in json.loads((report / "coco.json").read_text())["annotations"] for ring in one["segmentation"]
    ]
    theirs = [ring for one in converted["annotations"] for ring in one["segmentation"]]
    far = max((abs(a - b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True)), default=0.0)
    print(f"Label Studio SDK {label_studio_sdk.__version__}: {valid} of {photos} tasks valid, {len(wrong)} errors in")
    print(f"  {regions} regions of {zones} zones; its converter gives the polygons of coco.json within {far:.4f} px")
    for error in wrong[:5]:
        print(f"  {error}")
    return not wrong and valid == photos and far <= CORNER_PX


def geojson(report: Path, photos: int) -> bool:
    """GDAL reads every photo, the position where there is one, and no geometry where there is none."""
    import pyogrio

    facts = pyogrio.read_info(report / "photos.geojson")
    _, _, shapes, columns = pyogrio.raw.read(report / "photos.geojson")
    features = json.loads((report / "photos.geojson").read_text(encoding="utf-8"))["features"]
    placed = [feature["geometry"] is not None for feature in features]
    known = [shape is not None for shape in shapes]
    fine = facts["features"] == photos and facts["crs"] == "EPSG:4326" and known == placed and any(placed)
    version = ".".join(map(str, pyogrio.__gdal_version__))
    print(
        f"GDAL {version}: {facts['features']} features, {sum(known)} of {sum(placed)} points, {facts['geometry_type']},"
    )
    print(f"  {facts['crs']}, {len(columns)} columns: {', '.join(facts['fields'][:8])} ...")
    return fine


if __name__ == "__main__":
    sys.exit(main())
