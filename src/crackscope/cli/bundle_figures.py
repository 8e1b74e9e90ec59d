"""What is to be known of a bundle, as a report of photos says it: figures that it states, and limits."""

from typing import TYPE_CHECKING

from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.bundles import Manifest
    from crackscope.reports import MeasuredFigure


_LIMITS = (
    "A crack thinner than the width that stands with each photo may be there unseen, though some are found; wider ones "
    "are missed, too, faint ones above all.",
)
_LIMITS_IN_MM = (
    "Millimetres hold for a flat surface, seen squarely or in the plane of the marker; the bend of straight lines by "
    "the lens is not corrected.",
)


def known_limits(manifest: "Manifest", *, in_mm: bool) -> tuple[str, ...]:
    """What no bundle can do, and what this one cannot, in sentences. in_mm: the scale of photos is known."""
    return (*_LIMITS, *(_LIMITS_IN_MM if in_mm else ()), *limits_of_map(manifest))


def limits_of_map(manifest: "Manifest") -> tuple[str, ...]:
    """What follows from the cells of the map, where they are coarse."""
    from crackscope.inspection import FINE_STRIDE

    if manifest.stride <= FINE_STRIDE:
        return ()
    return (
        f"This model's map has cells of {manifest.stride} px. Where a crack runs within them is read from the grey "
        "values alone. Of a model with cells of 32 px the intervals of widths held on generated cracks in 94 to 96 of "
        "100, as they should, but a third of the lengths were off by more than 5 % (of the model in the package a "
        "tenth), and more that is no crack is measured as one.",
    )


def learnt_from(manifest: "Manifest") -> tuple[str, ...]:
    """The sets that the bundle learnt from, by their names, or how many pictures it was adapted to."""
    from crackscope.bundles import ADAPTED

    return tuple(
        f"{several(one.pictures, 'picture')} that it was adapted to" if one.name == ADAPTED else one.name
        for one in manifest.trained_on
    )


def known_surfaces(manifest: "Manifest") -> tuple[str, ...]:
    """The surfaces as which a bundle reads pictures, by their names; none of one that reads all alike, or that was
    adapted: the surface that it learnt last is not told from others."""
    return () if manifest.adapted or manifest.local is None else tuple(one.name for one in manifest.local.surfaces)


def measured(manifest: "Manifest") -> "tuple[MeasuredFigure, ...]":
    """What the bundle missed, called cracked for nothing and refused on pictures held out when it was trained."""
    from crackscope.bundles import before_adapting
    from crackscope.judging import stated
    from crackscope.reports import MeasuredFigure

    figures = []
    said, surface = stated(manifest), manifest.verdict.surface
    if said is not None:
        patches = "patches" if said.pictures is None else f"{said.pictures:,} patches"
        held_out = f"{patches} held out from training, real and generated, by the threshold for unknown surfaces"
        shares = (("misses", said.misses, "cracked"), ("false alarms on patches", said.false_alarms, "sound"))
        figures += [
            MeasuredFigure(name=name, value=f"{100 * share:.1f} % of the {which} ones", on=held_out)
            for name, share, which in shares
            if share is not None
        ]
    if surface is not None:
        value = (
            f"{100 * surface.refused:.1f} % of pictures of built surfaces, {100 * (1 - surface.kept):.1f} % of others"
        )
        figures.append(
            MeasuredFigure(
                name="refuses", value=value, on=f"pictures held out from training{before_adapting(manifest)}"
            )
        )
    return tuple(figures)
