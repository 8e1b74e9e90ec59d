"""How large a picture may be: judged from its header, before memory is asked for."""

import math
from dataclasses import dataclass

from crackscope.arguments import WHOLE, refuse_wrong
from crackscope.images.faults import Fault

MOST_PX_A_BYTE = 8 * 1032
"""PNG and JPEG hold no more: deflate packs 1,032 bytes into one, of 8 px each at most; a JPEG takes a bit for 64 px."""
MOST_SIDE = 65_500
"""Pixels; libjpeg writes and reads no more, and of every photo that is taken a report keeps a JPEG."""
_MOST_MEANT = 1_000_000_000
"""Pixels; beyond lie a few stitched photos, and the headers of damaged files."""
_INSPECTING_MB, _INSPECTED_MB = 400, (6, 12)
"""Memory of `inspect`, and what a megapixel takes beside it: the most of the process was 812 MB of a JPEG of 100
megapixels, 1,384 and 1,403 of a JPEG and a PNG of 172, and of 64 megapixels 869 of a JPEG in CMYK and 1,154 of a PNG in
colours of 16 bits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused as `too-large`: a file of some kilobytes may decode to more than the memory holds, by accident
    or on purpose (a decompression bomb).

    max_pixels: width times height, in pixels. max_bytes: of the file. max_side: the longer side, in pixels.
    From Python all three can be given; of the commands `inspect` alone lets max_pixels be raised.
    WebP has a limit of its own, twice `PIL.Image.MAX_IMAGE_PIXELS`, which is left as the process has it.
    """

    max_pixels: int = 160_000_000
    max_bytes: int = 1 << 30
    max_side: int = MOST_SIDE

    def __post_init__(self) -> None:
        refuse_wrong(
            max_pixels=(self.max_pixels, WHOLE), max_bytes=(self.max_bytes, WHOLE), max_side=(self.max_side, WHOLE)
        )

    def check_size(self, width: int, height: int, stored: float | None = None) -> None:
        """Raise a `Fault` when `width` x `height` pixels are too many, or none.

        stored: bytes of the file whose header says so, infinite where nothing follows from them; None without a file.
        """
        if width < 1 or height < 1:
            raise Fault("damaged", f"its header gives a size of {width} x {height} pixels")
        if max(width, height) > self.max_side:
            over = f"over the limit of {self.max_side} a side"
            advice = ", which no option raises; cut it into pieces"
        elif width * height > self.max_pixels:
            megapixels = math.ceil(width * height / 1e6)
            least, most = ((_INSPECTING_MB + megapixels * one) / 1000 for one in _INSPECTED_MB)
            over = f"over the limit of {self.max_pixels / 1e6:g} megapixels"
            advice = (
                f"; cut it into pieces, or give it whole to `crackscope inspect` with --most-megapixels {megapixels}, "
                f"which takes about {least:.1f} to {most:.1f} GB of memory"
            )
        else:
            return
        size = f"{width} x {height} pixels, {over}"
        if stored is not None and (doubt := _doubt(width * height, stored)):
            advice = "it is damaged most likely; copy it again from where it came"
            raise Fault("too-large", f"by its header it is {size}, but {doubt}: {advice}")
        raise Fault("too-large", f"it is {size}{advice}")

    def check_bytes(self, count: int) -> None:
        """Raise a `Fault` when a file of `count` bytes is too large."""
        if count > self.max_bytes:
            raise Fault(
                "too-large",
                f"the file is larger than the limit of {self.max_bytes / 2**20:g} MiB, which no option raises; "
                "save it smaller",
            )


def _doubt(pixels: int, stored: float) -> str:
    """Why so many pixels are hardly meant; "" where they may be."""
    if stored * MOST_PX_A_BYTE < pixels:
        return f"its {stored:,} bytes cannot hold so many"
    return "no camera gives so many" if pixels > _MOST_MEANT else ""


DEFAULT_LIMITS = Limits()
