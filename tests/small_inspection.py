"""Inspected photos made by hand: small pictures with a drawn line, and records that say what is in them."""

from pathlib import Path

import numpy as np

from crackscope import reports
from crackscope.images import read_place
from crackscope.records import Estimate, Failure, Inspected, PhotoScale, Unread, Zone
from tests.small_exif import block, degrees, saved

EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}\u202e</script><b>"
EVIL_FILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}\u202e<b>.jpg"
SIZE = (240, 160)
LIMITS = (0.1, 0.2, 0.3, 0.5, 1.0)


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value * 0.9, high=value * 1.2)


def zone(
    number: int, y: float, width: float, mm_per_px: float | None = None, *, x: float = 40, length: int = 100
) -> Zone:
    """A level crack `length` px long whose outline is a rectangle."""
    half, end = width / 2, x + length
    px = {f"width_{which}_px": estimate(width * share) for which, share in SHARES.items()}
    mm = {}
    if mm_per_px:
        mm = {f"width_{which}_mm": estimate(width * share * mm_per_px) for which, share in SHARES.items()}
        mm |= {"length_mm": length * mm_per_px, "width_class": "0.2-0.3"}
    return Zone(
        number=number,
        probability=0.9,
        outline=(((x, y - half), (end, y - half), (end, y + half), (x, y + half)),),
        centreline=(((x, y), (x + length / 2, y), (end, y)),),
        widest_at=(x + length / 4, y),
        box=(int(x), int(y - half), length + 1, int(width) + 1),
        area_px=int(length * width),
        orientation_deg=0.0,
        branches=0,
        length_px=float(length),
        **px,
        **mm,
    )


SHARES = {"mean": 0.8, "median": 0.75, "p95": 0.95, "max": 1.0}


def picture(folder: Path, name: str, number: int, *, placed: bool = True) -> str:
    """A grey JPEG with a dark line, taken at a place of its own."""
    width, height = SIZE
    pixels = np.full((height, width, 3), 150, np.uint8)
    pixels += np.random.default_rng(number).integers(0, 20, pixels.shape, np.uint8)
    pixels[60:64, 40:140] = 30
    gps = {1: "N", 2: degrees(52.5 + number * 1e-4), 3: "W", 4: degrees(13.4 + number * 1e-4), 17: 90}
    gps[17] = degrees(30.0 * number)[0]
    taken = {0x9003: f"2026:03:04 10:{number:02}:00"}
    path = folder / name
    path.write_bytes(saved(pixels, block({0x010F: EVIL[:30]}, taken, gps if placed else {}), quality=90))
    return str(path)


def inspected(path: str, verdict: str = "crack", zones: tuple[Zone, ...] = (), **other) -> Inspected:
    thinnest_px = None if verdict == "cannot judge" else 1.3
    known = {"place": read_place(path), "thinnest_px": thinnest_px, "probability": 0.97 if verdict == "crack" else 0.02}
    return Inspected(path=path, verdict=verdict, width=SIZE[0], height=SIZE[1], zones=zones, **{**known, **other})


def photos(folder: Path) -> list[Inspected | Unread]:
    """Seven photos: two cracked with a scale, one without, one sound, one that cannot be judged, two unread."""
    scale = PhotoScale(mm_per_px=0.1, source=EVIL)
    first = picture(folder, "IMG_0001.jpg", 1)
    return [
        inspected(picture(folder, "sound.jpg", 2), "sound"),
        inspected(first, zones=(zone(1, 62, 4, 0.1), zone(2, 100, 2.5, 0.1)), scale=scale),
        inspected(picture(folder, EVIL_FILE, 3), zones=(zone(1, 62, 12, 0.1),), scale=scale),
        inspected(picture(folder, "=1+1.jpg", 4, placed=False), zones=(zone(1, 62, 3),), reason="=cmd()"),
        inspected(picture(folder, "blurred.jpg", 5), "cannot judge", reason=EVIL),
        Unread(path=str(folder / "gone.jpg"), error=Failure(kind="missing", message=EVIL)),
        Unread(path=str(folder / "\udcff.jpg"), error=Failure(kind="truncated", message="it ends before")),
    ]


def facts() -> reports.InspectionFacts:
    return reports.InspectionFacts(
        title=EVIL,
        bundle=EVIL,
        bundle_version="0123456789abcdef",
        begun="2026-03-21T09:14:00",
        seconds=3.2,
        limits_source=EVIL,
        settings={EVIL: EVIL, "coarse": False, "mm per px": 0.1, "none": None},
        trained_on=(EVIL, "METU"),
        figures=(reports.MeasuredFigure(name=EVIL, value=".95", on=EVIL),),
        known_limits=(EVIL,),
    )
