"""The thinnest crack that a photo can show."""

import math

from crackscope.scoring import Quality

ROSE = 5.0
"""Signal to noise from which on a thing is seen with certainty (A. Rose, J. Opt. Soc. Am. 38, 1948)."""
LENGTH_PX = 20.0
"""Length of crack over which eye and network gather their evidence before it turns."""
DEPTH = 80.0
"""Grey levels by which the opening of an ordinary crack is darker than its surface, wide open."""
LEAST_PX = 0.3
_PIXEL = 1 / 12
"""Variance of what one pixel averages over, px squared."""


def thinnest_crack(quality: Quality) -> float:
    """Width in px of the thinnest dark crack that stands out of the noise of a photo of this sharpness.

    A dark line of width w, depth D and length L, blurred by a Gaussian of standard deviation s in noise of standard
    deviation n, is found by a matched filter at a signal to noise of w D sqrt(L / (2 sqrt(pi) s)) / n. This is the w
    where that is ROSE; never under LEAST_PX. It is a limit of the camera and the light, not a promise to find it.
    """
    blur = math.sqrt(quality.sharpness_px**2 + _PIXEL)
    noise = max(quality.noise, math.sqrt(_PIXEL))
    return max(LEAST_PX, ROSE * noise / DEPTH * math.sqrt(2 * math.sqrt(math.pi) * blur / LENGTH_PX))
