"""What is said of a record in the same words wherever it is told: on the terminal, in reports, beside a photo."""

from crackscope.records import MOST_PAGES, Inspected, Prediction


def first_of(pages: int) -> str:
    """Which page of a file was judged, in words: `page 1 of 3`; "" where it has no other."""
    return "" if pages < 2 else f"page 1 of {pages:,}{' or more' * (pages >= MOST_PAGES)}"


def read_as(bits: int) -> str:
    """That a picture of 16 bits was read as one of fewer, in words; "" for 0, of which all were used."""
    return f"only the lowest {bits} of its 16 bits are used, so read as {bits}" if bits else ""


def seen_smaller(record: Inspected | Prediction) -> str:
    """That the verdict on a photo is of a look at a smaller size, in words; "" where it is not, or there is none."""
    if record.verdict == "cannot judge":
        return ""
    if record.from_afar:
        return f"judged from afar, at 1/{record.from_afar} of its size"
    return "judged at half size" if record.halved else ""


def looks_cracked(record: Inspected | Prediction) -> str:
    """Of what cannot be judged, that something in it looks like a crack, in words; "" where nothing does."""
    return "but something looks like a crack: look at it" * record.crack_like


def seen_in_grey(record: Inspected | Prediction) -> str:
    """That a picture's light was taken out before the network saw it, in words; "" where it was not."""
    return "seen in grey: its light has a strong colour" if record.in_grey else ""


def of_100(chance: float) -> str:
    """A chance, 0 to 1, as it is read: `12.4 of 100`."""
    if chance < 0.001:
        return "fewer than 0.1 of 100"
    return f"{100 * chance:.1f}".removesuffix(".0") + " of 100"


def seen_by_chance(record: Inspected | Prediction) -> str:
    """How often sound photos show as much, in words: what a high probability of crack is held against; "" where that
    is not known."""
    chance = record.chance
    return "" if chance is None else f"as much is seen in {of_100(chance)} sound photos of its size"
