"""Things that inspectors bring or leave on a wall: are they called cracks, and do they hide the cracks beside them?

    python proofs/things_on_walls.py [-n 8]

Generated photos of concrete, plaster and asphalt, 1600x1200 px, with seeds that nothing was fitted to, with one thing
drawn on each, a blur of .6 px and JPEG at quality 92. Sound ones: how many are called cracked, and how many cannot be
judged. Cracked ones: how many are found, and how much of all that is marked lies on the thing.
Writes what it prints to proofs/things_on_walls.txt.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.images import encode_jpeg, read
from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import load
from crackscope.surfaces import generate

HEIGHT, WIDTH = 1200, 1600
KINDS = ("concrete", "plaster", "asphalt")
FIRST_SOUND, FIRST_CRACKED = 9_400_000, 9_500_000
CRACK_PX = (4.0, 9.0)
QUALITY, BLUR_PX = 92, 0.6
BLACK = (20, 20, 22)
Pixels = NDArray[np.uint8]
Thing = Callable[[Pixels, np.random.Generator], None]


def lettered(photo: Pixels, words: str, at: tuple[int, int], colour: tuple[int, ...], size: float, thick: int) -> None:
    cv2.putText(photo, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)


def turned(photo: Pixels, thing: Pixels, where: NDArray[np.uint8], degrees: float) -> None:
    """Lay what was drawn level onto the photo, in place, turned about its middle."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, 1.0)
    there = cv2.warpAffine(where, turn, (WIDTH, HEIGHT))[..., None] / np.float32(255)
    laid = cv2.warpAffine(thing, turn, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    photo[:] = (photo * (1 - there) + laid * there).astype(np.uint8)


def graduated(
    photo: Pixels, rng: np.random.Generator, tall: int, apart: int, mark: int, colour: tuple[int, ...]
) -> None:
    """A scale with lines at every millimetre, longer ones and numbers at every centimetre."""
    thing, where = photo.copy(), np.zeros((HEIGHT, WIDTH), np.uint8)
    left, top = int(rng.integers(100, 400)), int(rng.integers(300, 800))
    right = left + 1000
    cv2.rectangle(thing, (left, top), (right, top + tall), colour, -1)
    cv2.rectangle(where, (left, top), (right, top + tall), 255, -1)
    for number, x in enumerate(range(left, right, apart)):
        long = tall // 2 if number % 10 == 0 else tall // 4
        cv2.line(thing, (x, top), (x, top + long), BLACK, mark)
        if number % 10 == 0:
            lettered(thing, str(number // 10), (x + 3, top + tall - 8), BLACK, 0.8, 2)
    turned(photo, thing, where, float(rng.uniform(-20, 20)))


def ruler(photo: Pixels, rng: np.random.Generator) -> None:
    graduated(photo, rng, 90, 9, 2, (240, 220, 60))


def tape(photo: Pixels, rng: np.random.Generator) -> None:
    graduated(photo, rng, 70, 14, 3, (245, 245, 235))


def crack_card(photo: Pixels, rng: np.random.Generator) -> None:
    """A white card with lines of stated widths to hold against a crack."""
    thing, where = photo.copy(), np.zeros((HEIGHT, WIDTH), np.uint8)
    left, top = int(rng.integers(200, 700)), int(rng.integers(200, 600))
    cv2.rectangle(thing, (left, top), (left + 620, top + 380), (250, 250, 245), -1)
    cv2.rectangle(where, (left, top), (left + 620, top + 380), 255, -1)
    for number, thick in enumerate((1, 2, 3, 4, 5, 7, 9)):
        y = top + 40 + 48 * number
        cv2.line(thing, (left + 30, y), (left + 400, y), BLACK, thick)
        lettered(thing, f"{thick / 10:.2f} mm", (left + 430, y + 10), BLACK, 0.9, 2)
    turned(photo, thing, where, float(rng.uniform(-25, 25)))


def date_stamp(photo: Pixels, rng: np.random.Generator) -> None:
    stamp = f"2024/{rng.integers(1, 13):02}/{rng.integers(1, 29):02} 10:33"
    lettered(photo, stamp, (WIDTH - 560, HEIGHT - 60), (255, 140, 40), 1.6, 4)


def written(colour: tuple[int, ...], thick: int, rough: float) -> Thing:
    """An arrow and a number by hand. rough: how much of the stroke the grain of the wall leaves out."""

    def write(photo: Pixels, rng: np.random.Generator) -> None:
        stroke = np.zeros((HEIGHT, WIDTH), np.uint8)
        left, top = int(rng.integers(300, 1000)), int(rng.integers(300, 800))
        along = np.arange(30)
        wave = 40 * np.sin(along / 9) + rng.normal(0, 2, 30)
        line = np.stack([left + 12 * along + rng.normal(0, 2, 30), top + wave], 1)
        tip = line[-1]
        for points in (line, np.stack([tip - (40, 30), tip, tip - (45, -25)])):
            cv2.polylines(stroke, [points.astype(np.int32)], False, 255, thick, cv2.LINE_AA)
        lettered(stroke, f"C{rng.integers(1, 30)} .{rng.integers(1, 9)}", (left, top - 90), (255,), 2.6, thick)
        grain = cv2.GaussianBlur(rng.normal(0, 1, stroke.shape).astype(np.float32), (0, 0), 1.5) * 4
        there = (cv2.GaussianBlur(stroke, (0, 0), 1.0) / np.float32(255) * np.clip(1 - rough * (grain > 0.4), 0, 1))[
            ..., None
        ]
        photo[:] = (photo * (1 - there) + np.array(colour, np.float32) * there).astype(np.uint8)

    return write


def grid(photo: Pixels, rng: np.random.Generator) -> None:
    """Lines of chalk that divide a wall into squares."""
    for x in range(150, WIDTH, 250):
        slant = int(rng.integers(-4, 5))
        cv2.line(photo, (x, 0), (x + slant, HEIGHT), (235, 235, 235), 5, cv2.LINE_AA)
    for y in range(120, HEIGHT, 250):
        slant = int(rng.integers(-6, 7))
        cv2.line(photo, (0, y), (WIDTH, y + slant), (235, 235, 235), 5, cv2.LINE_AA)


def hand(photo: Pixels, rng: np.random.Generator) -> None:
    left, skin = int(rng.integers(300, 1200)), (205, 160, 135)
    for finger in range(4):
        top = 760 + 30 * abs(finger - 1)
        cv2.line(photo, (left + 70 * finger, HEIGHT), (left - 40 + 70 * finger, top), skin, 58, cv2.LINE_AA)
    cv2.ellipse(photo, (left + 100, HEIGHT - 50), (190, 150), 0, 0, 360, skin, -1, cv2.LINE_AA)


def cable(photo: Pixels, rng: np.random.Generator) -> None:
    across = np.arange(-20, WIDTH + 20, 10)
    line = np.stack([across, int(rng.integers(300, 900)) + 30 * np.sin(across / 300)], 1).astype(np.int32)
    shadow = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.polylines(shadow, [np.add(line, (6, 10))], False, 0.5, 26, cv2.LINE_AA)
    photo[:] = (photo * (1 - cv2.GaussianBlur(shadow, (0, 0), 4))[..., None]).astype(np.uint8)
    for moved, colour, thick in ((0, (40, 42, 48), 22), (-4, (90, 92, 98), 5)):
        cv2.polylines(photo, [np.add(line, (0, moved))], False, colour, thick, cv2.LINE_AA)


THINGS: dict[str, Thing] = {
    "nothing": lambda photo, rng: None,
    "ruler": ruler,
    "tape measure": tape,
    "card with line widths": crack_card,
    "date stamp": date_stamp,
    "white chalk": written((235, 235, 235), 9, 0.7),
    "chalk grid": grid,
    "blue crayon": written((40, 60, 150), 8, 0.5),
    "red crayon": written((170, 40, 40), 8, 0.5),
    "black felt-tip": written((30, 30, 35), 5, 0.0),
    "pencil": written((90, 90, 92), 3, 0.3),
    "hand": hand,
    "cable": cable,
}


def photographed(pixels: Pixels, thing: Thing, number: int) -> tuple[Pixels, NDArray[np.bool_]]:
    """The photo with a thing on it, and where the thing lies."""
    drawn = pixels.copy()
    thing(drawn, np.random.default_rng(number))
    there = np.abs(drawn.astype(np.int16) - pixels).max(axis=2) > 8
    soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), BLUR_PX), np.uint8)
    return read(encode_jpeg(soft, QUALITY)).pixels, cv2.dilate(there.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=8, help="photos of each kind")
    count = parser.parse_args().n
    model, options = load(), InspectOptions(all_zones=True)
    lines = [
        f"python proofs/{Path(__file__).name} -n {count}",
        " " * 22 + "sound: called cracked  cannot judge  cracked: found  cannot judge  of marks on the thing",
    ]
    print(*lines, sep="\n", flush=True)
    for name, thing in THINGS.items():
        told: dict[bool, list[str]] = {False: [], True: []}
        on = marked = 0
        for cracked, first in ((False, FIRST_SOUND), (True, FIRST_CRACKED)):
            for number in range(count):
                kind, width = KINDS[number % len(KINDS)], CRACK_PX if cracked else None
                bare = generate(first + number, (WIDTH, HEIGHT), cracked, kind=kind, width_px=width).pixels
                pixels, there = photographed(bare, thing, number)
                found = inspect_photo(model, open_photo(pixels), options)
                told[cracked].append(found.record.verdict)
                if cracked and found.record.verdict == "crack":
                    on, marked = on + int((found.mask & there).sum()), marked + int(found.mask.sum())
        counts = [told[False].count("crack"), told[False].count("cannot judge")]
        counts += [told[True].count("crack"), told[True].count("cannot judge")]
        shown = "  ".join(
            f"{many:2d} of {count:2d}".rjust(width) for many, width in zip(counts, (20, 12, 15, 12), strict=True)
        )
        lines.append(f"{name:21}  {shown}  {on / max(1, marked):21.3f}")
        print(lines[-1], flush=True)
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
