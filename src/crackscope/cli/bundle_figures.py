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
        figures.append(MeasuredFigure(name="refuses", value=value, on="pictures held out from training"))
    return tuple(figures)
