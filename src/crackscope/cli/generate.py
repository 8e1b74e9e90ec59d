"""`generate`: pictures of surfaces that nobody photographed, with the truth about every pixel."""

import contextlib
import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from crackscope.cli.console import print_json, progress, say
from crackscope.cli.folders import fresh
from crackscope.cli.options import MOST_SEED, Number, WholeRange, out, shared
from crackscope.errors import several

SEEDS_APART = 1_000_003
"""Two seeds of the command are so many picture seeds apart, so that their pictures never meet."""
MOST_PICTURES = 1_000_000
"""Of one seed: more would be those of the next."""


@dataclass(frozen=True)
class Wanted:
    """What to generate: count pictures of side x side px, every other one cracked.

    kind: None mixes all kinds. width_px: least and greatest width of the cracks, None for ordinary ones.
    """

    count: int
    side: int
    seed: int = 0
    kind: str | None = None
    width_px: tuple[float, float] | None = None
    masks: bool = True


@click.command()
@out("DIR", "New or empty folder to write to.", required=True)
@click.option(
    "-n",
    "--count",
    type=WholeRange(1, MOST_PICTURES),
    metavar="N",
    default=200,
    show_default=True,
    help="Number of pictures.",
)
@click.option(
    "--kind",
    metavar="KIND",
    # Written out, since help loads nothing that draws; a test holds it against what there is.
    help="Kind of surface: concrete, plaster, brick, tile, asphalt, stone, painted, pipe; default: drawn by lot.",
)
@click.option(
    "--size",
    "side",
    type=WholeRange(32, 4096),
    metavar="PX",
    default=256,
    show_default=True,
    help="Side in pixels.",
)
@click.option(
    "--width-px", type=(Number(), Number()), metavar="LEAST MOST", help="Least and greatest width of the cracks, px."
)
@click.option("--masks/--no-masks", default=True, show_default=True, help="Write the crack pixels as PNG too.")
@click.option(
    "--seed",
    type=WholeRange(0, MOST_SEED),
    metavar="N",
    default=0,
    show_default=True,
    help="Other seeds, other pictures.",
)
@shared("quiet", "json")
def generate(out: str, quiet: bool, as_json: bool, **options: Any) -> None:
    """Write generated surfaces: crack/ and sound/ with PNG pictures, masks/, and truth.csv.

    The folder is a data set as it stands: scan, split and train take it, masks included.
    """
    wanted = Wanted(**options)
    check_kind(wanted.kind)
    check_widths(wanted)
    folder = fresh(out)
    with progress("generating", wanted.count, quiet=quiet or as_json) as tell:
        write_surfaces(wanted, folder, tell)
    if as_json:
        print_json({"out": out, "pictures": wanted.count, "side_px": wanted.side, "seed": wanted.seed})
        return
    drawn = several(wanted.count, "picture")
    say(f"{drawn} of {wanted.side} x {wanted.side} px in {folder}, described in truth.csv", quiet=quiet)


def check_kind(kind: str | None) -> None:
    """Refuse a kind of surface that there is not, naming the nearest."""
    from crackscope.surfaces import KINDS

    if kind is None or kind in KINDS:
        return
    near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
    raise click.UsageError(f"there is no kind of surface {kind!r}, {advice}", click.get_current_context(silent=True))


def check_widths(wanted: Wanted) -> None:
    """Refuse widths of which no crack can be drawn, or one beside which little of a surface is left."""
    from crackscope.surfaces import THINNEST_PX

    if wanted.width_px is None:
        return
    least, greatest = wanted.width_px
    # A crack as wide as a quarter of the side covers up to 36 % of the picture, of half the side up to 60 %.
    widest = wanted.side / 4
    if not THINNEST_PX <= least <= greatest <= widest:
        raise click.UsageError(
            f"--width-px {least:g} {greatest:g} does not fit pictures of {wanted.side} px: give the least width, "
            f"{THINNEST_PX} px or more, and then the greatest, at most a quarter of the side ({widest:g} px), as in "
            "--width-px 2 6",
            click.get_current_context(silent=True),
        )


def write_surfaces(wanted: Wanted, folder: Path, tell: Callable[[int], None]) -> None:
    """Generate the pictures into `folder`: cracked and sound in turn, PNG, with truth.csv beside them.

    What ends it half-way, a full disk say, leaves nothing of it there, so that the same call can be made again.
    """
    written: list[Path] = []
    try:
        _write_all(wanted, folder, written, tell)
    except BaseException:
        for path in reversed(written):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _write_all(wanted: Wanted, folder: Path, written: list[Path], tell: Callable[[int], None]) -> None:
    """The same; adds each file and folder that it makes to `written`."""
    from crackscope.encoding import encode_csv
    from crackscope.files import make_folder, write_whole
    from crackscope.images import write_png
    from crackscope.surfaces import generate as draw

    for name in ("crack", "sound", *(("masks",) if wanted.masks else ())):
        written.append(make_folder(folder / name))
    rows: list[tuple[object, ...]] = []
    for number in range(wanted.count):
        cracked = number % 2 == 0
        label = "crack" if cracked else "sound"
        seed = wanted.seed * SEEDS_APART + number
        surface = draw(seed, (wanted.side, wanted.side), cracked=cracked, kind=wanted.kind, width_px=wanted.width_px)
        name = f"{surface.kind}-{number:05d}.png"
        written.append(folder / label / name)
        write_png(surface.pixels, written[-1])
        mask = ""
        if wanted.masks and cracked:
            mask = f"masks/{name}"
            written.append(folder / mask)
            write_png(surface.mask.astype("uint8") * 255, written[-1])
        median, most = surface.widths_px if cracked else ("", "")
        rows.append((f"{label}/{name}", label, mask, surface.kind, median, most, surface.length_px, seed))
        tell(number + 1)
    columns = ("path", "label", "mask", "surface", "width_px_median", "width_px_max", "length_px", "seed")
    write_whole(folder / "truth.csv", encode_csv(columns, rows))
