"""Generated surfaces with and without cracks, and cracks laid over real pictures; NumPy, and OpenCV here and there.

`generate` makes a surface from a seed, with exact truth about its crack; `draw_crack` lays a crack over any picture;
`draw_distractors` adds sound things that resemble cracks.
"""

from crackscope.surfaces.distractors import draw_distractors
from crackscope.surfaces.drawing import draw_crack, draw_crack_with_truth, random_crack
from crackscope.surfaces.generating import KINDS, generate, make
from crackscope.surfaces.others import generate_other
from crackscope.surfaces.paint import REACH_PX
from crackscope.surfaces.records import THINNEST_PX, CrackSpec, CrackTruth, Surface, SurfaceSpec, Widths

__all__ = [
    "KINDS",
    "REACH_PX",
    "THINNEST_PX",
    "CrackSpec",
    "CrackTruth",
    "Surface",
    "SurfaceSpec",
    "Widths",
    "draw_crack",
    "draw_crack_with_truth",
    "draw_distractors",
    "generate",
    "generate_other",
    "make",
    "random_crack",
]
