"""Reads tens of thousands of spoilt pictures, and shows that nothing but an ImageError ever comes of it.

    python proofs/mutated_pictures.py --count 50000 --seed 1

Small pictures of every format and mode are made (of HEIF, where pi-heif is installed, and of rare kinds of JPEG those
of the tests are taken), spoilt (bits flipped, cut, spliced, header numbers and sizes changed, pieces doubled), and
given to read_header, read, read_thumbnail and read_mask, in two processes of their own. Counted as failures: another
exception, a warning, a picture that takes longer than 10 seconds, the death of a process, and a JPEG that read and
read_thumbnail, which mostly pass Pillow by, read_mask, and the careful way (Pillow's decoder, with our own look at the
damage behind it) do not all refuse for the same reason, or take for the same pixels.
The same count and seed always make the same files; a failure is written beside where it happened with --keep.
"""

import argparse
import multiprocessing
import os
import random
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import numpy as np
from picture_seeds import make_seeds

SECONDS = 10.0
START_SECONDS = 60.0
"""For the first picture of a process: importing and making the seeds is in it."""
PROCESSES = 2
LIGHT = 128
"""What is lighter is True in a mask out of a lossy file."""
SIDES = (1, 3, 16)
"""Of thumbnails, for which a JPEG of so few pixels is decoded at an eighth of its size, a quarter, and as it is."""
SMALL_PIXELS = 2_000_000
INTERESTING = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32_767, 32_768, 65_535, 2**24, 2**31 - 1, 2**31, 2**32 - 1)


def flip_bits(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def spoil_header(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 2, 4))):
        data[rng.randrange(min(len(data), 256))] = rng.randrange(256)
    return data


def truncate(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    return data[: rng.randrange(len(data))]


def pad_with_zeros(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    cut = rng.randrange(len(data))
    return data[:cut] + bytes(len(data) - cut)


def change_number(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    size = rng.choice((1, 2, 4, 4, 8))
    near = min(len(data), rng.choice((64, 256, len(data))))
    at = rng.randrange(max(1, near - size))
    value = rng.choice(INTERESTING) % 256**size
    data[at : at + size] = value.to_bytes(size, rng.choice(("big", "little")))
    return data


def splice(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def double_piece(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    start, to = rng.randrange(len(data)), rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 4, 12, 64, 512))] * rng.choice((1, 1, 2, 50))
    return data[:to] + piece + data[to:]


def drop_piece(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 4, 12, 64))]
    return data


def end_early(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    """With a JPEG's end marker, where a part of one begins if there is any."""
    places = [place for place in range(len(data) - 1) if data[place] == 0xFF and data[place + 1] in (0xC4, 0xDA)]
    return data[: rng.choice(places or [len(data) // 2])] + b"\xff\xd9"


def refresh_checksums(data: bytearray) -> bytearray:
    """Make the checksums of a PNG right again, so that what was spoilt gets past them."""
    from zlib import crc32

    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        data[end - 4 : end] = crc32(data[at + 4 : end - 4]).to_bytes(4, "big")
        at = end
    return data


WAYS = (flip_bits, spoil_header, truncate, pad_with_zeros, change_number, splice, double_piece, drop_piece, end_early)


def spoilt(seeds: dict[str, bytes], seed: int, index: int) -> tuple[str, str, bytes]:
    """The picture number `index`: which one was spoilt, how, and its bytes."""
    rng = random.Random(f"{seed}:{index}")
    names = sorted(seeds)
    name = names[index % len(names)]
    data, other = bytearray(seeds[name]), seeds[rng.choice(names)]
    ways = rng.choices(WAYS, k=rng.choice((1, 1, 1, 2, 3)))
    for way in ways:
        data = way(data, other, rng) or bytearray(b"\0")
    if data.startswith(b"\x89PNG") and rng.random() < 0.7:
        data = refresh_checksums(data)
    return name, "+".join(way.__name__ for way in ways), bytes(data)


def disagreements(data: bytes, limits: Any, side: int, given: dict[str, Any]) -> list[str]:
    """Where what read, read_thumbnail and read_mask gave of a JPEG, pixels or the kind and the text of a refusal, is
    other than what the careful way gives. side: of the thumbnail."""
    from crackscope.images import formats, reading

    def carefully() -> Any:
        return reading._shown(reading._decoded(*reading._parsed(data, limits)), "<bytes>").pixels

    careful = outcome_of(carefully)
    if isinstance(careful, tuple):
        other = [call for call, found in given.items() if not isinstance(found, tuple) or found != careful]
        return [f"{call} gave other than the careful way: {careful}" for call in other]
    if refused := [call for call, found in given.items() if isinstance(found, tuple)]:
        return [f"{', '.join(refused)} refused what the careful way takes"]
    stored = formats.parse(data)
    faults = []
    if not np.array_equal(given["read"].pixels, careful):
        faults.append("read gives other pixels")
    if not np.array_equal(given["read_mask"], (careful >= LIGHT).any(axis=2)):
        faults.append("read_mask gives another mask")
    if small := stored.small(2 * side):
        drafted, covered = stored.open().drafted(2 * side)  # type: ignore[attr-defined]  # as JPEGs are opened
        if small[1] != covered or not np.array_equal(small[0], drafted):
            faults.append("a thumbnail is made of other pixels")
    return faults


def outcome_of(call: Callable[[], Any]) -> Any:
    """What it gives, or the kind and the text of its refusal."""
    from crackscope.errors import ImageError
    from crackscope.images.faults import reported_as

    try:
        with reported_as("<bytes>"):
            return call()
    except ImageError as error:
        return error.kind, str(error)


def work(seed: int, indices: range, keep: str | None, where: "Synchronized[int]", results: Any) -> None:
    """Read the pictures `indices`; put one message for each hundred, and at the end."""
    import resource

    from crackscope import images
    from crackscope.errors import ImageError

    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff prints what it finds wrong
    seeds = make_seeds()
    small = images.Limits(max_pixels=SMALL_PIXELS)
    heard: list[str] = []
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_, **__: heard.append(f"warning: {message}")  # type: ignore[assignment]  # takes any call
    counts: Counter[str] = Counter()
    failures: list[str] = []
    slowest = 0.0
    for index in indices:
        where.value = index
        name, ways, data = spoilt(seeds, seed, index)
        limits, side = images.DEFAULT_LIMITS if index % 16 == 0 else small, SIDES[index // 7 % len(SIDES)]
        calls = {
            "read_header": lambda data=data, limits=limits: images.read_header(data, limits),
            "read": lambda data=data, limits=limits: images.read(data, limits),
            "read_thumbnail": lambda data=data, limits=limits, side=side: images.read_thumbnail(data, side, limits),
            "read_mask": lambda data=data, limits=limits: images.read_mask(data, None, limits),
        }
        given: dict[str, Any] = {}
        started = time.monotonic()
        for call, function in calls.items():
            try:
                given[call] = function()
                counts[f"{call}: a picture"] += 1
            except ImageError as error:
                given[call] = error.kind, str(error)
                counts[f"{call}: {error.kind}"] += 1
            except BaseException:
                heard.append(f"{call}: {traceback.format_exc()}")
        slowest = max(slowest, time.monotonic() - started)
        if data.startswith(b"\xff\xd8\xff") and len(given) == len(calls):
            del given["read_header"]
            heard += disagreements(data, limits, side, given)
        for line in heard:
            failures.append(f"{index} ({name}, {ways}): {line}")
            if keep:
                Path(keep, f"{index}.bin").write_bytes(data)
        heard.clear()
        if index % 100 == 0 or index == indices[-1]:
            results.put((index, counts, failures, slowest))
            counts, failures = Counter(), []
    where.value = -1


class Watcher:
    """One process and what it has done; starts another behind a picture that killed or stopped the first."""

    def __init__(self, options: argparse.Namespace, indices: range) -> None:
        self.options = options
        self.indices = indices
        self.context = multiprocessing.get_context("spawn")
        self.failures: list[str] = []
        self.start(indices)

    def start(self, indices: range) -> None:
        self.left = indices
        self.where: Synchronized[int] = self.context.Value("q", indices[0] if indices else -1)
        self.results = self.context.Queue()
        self.seen, self.since = -2, time.monotonic()
        arguments = (self.options.seed, indices, self.options.keep, self.where, self.results)
        self.process = self.context.Process(target=work, args=arguments, daemon=True)
        self.process.start()

    def look(self) -> bool:
        """True while there is work; notes deaths and hangs."""
        at = self.where.value
        if at != self.seen:
            self.seen, self.since = at, time.monotonic()
        fault = None
        if not self.process.is_alive() and at != -1:
            fault = f"the process died with status {self.process.exitcode}"
        elif at != -1 and time.monotonic() - self.since > (START_SECONDS if at == self.left[0] else SECONDS):
            fault = f"took longer than {SECONDS:g} seconds"
            self.process.kill()
        if fault is not None:
            self.failures.append(f"{at}: {fault}")
            if self.options.keep:
                Path(self.options.keep, f"{at}.bin").write_bytes(spoilt(make_seeds(), self.options.seed, at)[2])
            rest = range(at + self.indices.step, self.indices.stop, self.indices.step)
            if not rest:
                return False
            self.start(rest)
        return self.process.is_alive()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=50_000, help="pictures to spoil and read")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder for the files that failed")
    options = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    if options.keep:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    watchers = [Watcher(options, range(k, options.count, PROCESSES)) for k in range(PROCESSES)]
    counts: Counter[str] = Counter()
    failures: list[str] = []
    slowest = 0.0
    working = True
    while working:
        working = sum(watcher.look() for watcher in watchers) > 0
        time.sleep(0.05)
        for watcher in watchers:
            while not watcher.results.empty():
                _, more, faults, longest = watcher.results.get()
                counts.update(more)
                failures += faults
                slowest = max(slowest, longest)
    failures += [line for watcher in watchers for line in watcher.failures]
    kinds = make_seeds()
    names = sorted(kinds)
    heif = sum(names[index % len(names)].startswith("heif") for index in range(options.count))
    print(f"{options.count} spoilt pictures of {len(kinds)} kinds ({heif} of HEIF), seed {options.seed}, 4 calls each")
    for outcome, number in sorted(counts.items()):
        print(f"  {outcome:32} {number:8}")
    print(f"slowest picture, all four calls: {slowest:.2f} s; in all {time.monotonic() - started:.0f} s")
    for line in failures:
        print(f"FAILED {line}")
    print(f"other exceptions, warnings, hangs and crashes: {len(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
