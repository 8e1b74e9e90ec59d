"""The thinnest crack that a photo can show."""

import math

from crackscope.scoring import Quality

ROSE = 5.0
"""Signal to noise from which on a thing is seen with certainty (A. Rose, J. Opt. Soc. Am. 38, 1948)."""
LENGTH_PX = 12.0
"""Length of crack that must be seen as one; fitted, see below."""
DEPTH = 80.0
"""Grey levels by which an ordinary crack, wide open, is darker than its surface."""
TEXTURE = 10.0
"""Standard deviation of the surface's own grain, which hides thin cracks as noise does; fitted, see below."""
LEAST_SEEN_PX = 1.0
"""No photo is said to show thinner cracks, however sharp: on real surfaces what is thinner than a pixel is rarely as
dark as DEPTH, and goes unseen."""
_PIXEL = 1 / 12
"""Variance of what one pixel averages over, px squared."""


def thinnest_seen(quality: Quality) -> float:
    """Width in px from which on cracks may be expected to be found: `thinnest_crack`, and never under LEAST_SEEN_PX."""
    return max(LEAST_SEEN_PX, thinnest_crack(quality))


def thinnest_crack(quality: Quality) -> float:
    """Width in px of the thinnest dark crack that stands out of a photo of this sharpness and noise.

    A dark line of width w, depth D and length L, blurred by a Gaussian of standard deviation s in noise of standard
    deviation n, is found by a matched filter at a signal to noise of w D sqrt(L / (2 sqrt(pi) s)) / n. This is the w
    where that is ROSE. LENGTH_PX and TEXTURE were fitted to the widths of which an earlier bundle marked four fifths of
    the length, on generated concrete in nine degrees of blur and noise. For the package's bundle it is within 8 % in
    four of them, 15 % too thin in the sharpest without noise, and 14 to 32 % too wide in the other four
    (`benchmarks/thinnest.txt`). Coarser surfaces hide more.
    """
    blur = math.sqrt(quality.sharpness_px**2 + _PIXEL)
    noise = math.hypot(quality.noise, TEXTURE)
    return ROSE * noise / DEPTH * math.sqrt(2 * math.sqrt(math.pi) * blur / LENGTH_PX)
