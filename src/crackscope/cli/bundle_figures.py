"""What a bundle says of itself, as a report of photos repeats it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackscope.bundles import Manifest
    from crackscope.reports import MeasuredFigure


def measured(manifest: "Manifest") -> "tuple[MeasuredFigure, ...]":
    """What the bundle missed, called cracked for nothing and refused on pictures held out when it was trained."""
    from crackscope.judging import stated
    from crackscope.reports import MeasuredFigure

    figures = []
    said, surface = stated(manifest), manifest.verdict.surface
    if said is not None:
        held_out = (
            "patches held out from training"
            if said.pictures is None
            else f"{said.pictures:,} patches held out from training"
        )
        shares = (("misses", said.misses, "cracked"), ("false alarms on patches", said.false_alarms, "sound"))
        figures += [
            MeasuredFigure(name=name, value=f"{share:.1%} of the {which} ones", on=held_out)
            for name, share, which in shares
            if share is not None
        ]
    if surface is not None:
        value = f"{surface.refused:.1%} of pictures of built surfaces, {1 - surface.kept:.1%} of others"
        figures.append(MeasuredFigure(name="refuses", value=value, on="pictures held out from training"))
    return tuple(figures)
