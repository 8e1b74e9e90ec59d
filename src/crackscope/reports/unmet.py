"""What a reader must know where pictures that are called sound show surfaces that the bundle has not learnt from."""

from collections.abc import Sequence

from crackscope.errors import printable

_MOST = 0.5
"""Share of the pictures called sound: of surfaces that the bundle knows, fewer are read as none."""


def unmet_sentence(sound_as: Sequence[str], known: Sequence[str], *, one: str = "picture") -> str:
    """That most of the pictures called sound look like no surface that the bundle knows, and what to do; else "".

    sound_as: the surface as which each of them was read, "" for none. known: the surfaces that the bundle tells apart,
    none for one that reads all alike.
    """
    unmet = sum(not surface for surface in sound_as)
    if not known or unmet <= _MOST * len(sound_as):
        return ""
    alone = len(sound_as) == 1
    every = "both" if unmet == 2 else f"all {unmet:,}"
    some = every if unmet == len(sound_as) else f"{unmet:,} of {len(sound_as):,}"
    look = f"the {one} called sound looks" if alone else f"{some} {one}s called sound look"
    return (
        f"{look} like no surface that the bundle knows ({', '.join(map(printable, known))}), and on others the bundle "
        f"may miss plain cracks: look at {f'this {one}' if alone else f'some of these {one}s'}; ten labelled patches "
        "of each kind teach the bundle a surface of yours (crackscope suggest, then crackscope adapt)"
    )
