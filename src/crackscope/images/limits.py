"""How large a picture may be: judged from its header, before memory is asked for."""

import math
from dataclasses import dataclass

from crackscope.images.faults import Fault


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
    max_side: int = 65_535

    def check_size(self, width: int, height: int) -> None:
        """Raise a `Fault` when `width` x `height` pixels are too many, or none."""
        if width < 1 or height < 1:
            raise Fault("damaged", f"its header gives a size of {width} x {height} pixels")
        if max(width, height) > self.max_side:
            raise Fault(
                "too-large",
                f"it is {width} x {height} pixels, over the limit of {self.max_side} a side, which no option raises; "
                "cut it into pieces",
            )
        if width * height > self.max_pixels:
            raise Fault(
                "too-large",
                f"it is {width} x {height} pixels, over the limit of {self.max_pixels / 1e6:g} megapixels; "
                "cut it into pieces; as it is `crackscope inspect` alone takes it, with "
                f"--most-megapixels {math.ceil(width * height / 1e6)}",
            )

    def check_bytes(self, count: int) -> None:
        """Raise a `Fault` when a file of `count` bytes is too large."""
        if count > self.max_bytes:
            raise Fault(
                "too-large",
                f"the file is larger than the limit of {self.max_bytes / 2**20:g} MiB, which no option raises; "
                "save it smaller",
            )


DEFAULT_LIMITS = Limits()
