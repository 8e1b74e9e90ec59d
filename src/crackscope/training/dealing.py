"""How the pictures of a run came into their parts, as it is written down and said."""

from collections import Counter

from crackscope.datasets import Split, copies_told, groups_told, unlabelled_told, untested_told
from crackscope.errors import several
from crackscope.records import PARTS, Label
from crackscope.training.records import Dealt

_LABELS: tuple[Label, ...] = ("crack", "sound")


def dealt(split: Split) -> Dealt:
    """What `run.json` keeps of a split."""
    counted = Counter((row.part, row.label) for row in split.rows)
    return Dealt(
        kind="given" if split.seed is None else "random" if split.random else "groups",
        parts={part: {label: counted[part, label] for label in _LABELS} for part in PARTS},
        seed=split.seed,
        leak_share=split.leak_share,
    )


def doubts(split: Split, *, here: bool) -> list[str]:
    """What is to be known before hours of work: pictures that are left out, the parts, and copies on both sides.

    here: whether the training itself dealt the pictures, so that nobody has seen the parts.
    """
    unread, told = split.unreadable, []
    if unread:
        some = several(len(unread), "picture that cannot be read is", "pictures that cannot be read are")
        told.append(f"{some} left out, the first: {unread[0].error.message}")
    if split.unlabelled:
        told.append(unlabelled_told(split.unlabelled))
    if split.mask_conflicts:
        some = several(split.mask_conflicts, "picture is", "pictures are")
        told.append(
            f"{some} labelled other than a mask says, and each may teach the contrary of what it shows: "
            "`crackscope scan` names them; mend the label or the mask"
        )
    if here and split.seed is not None:
        parts = dealt(split).parts
        counts = (f"{part} {' and '.join(f'{parts[part][label]} {label}' for label in _LABELS)}" for part in PARTS)
        copies = f"; {copies_told(split.leak_share, random=split.random)}" if split.leak_share is not None else ""
        told.append(f"{', '.join(counts)}{copies}")
        told += filter(None, [untested_told(split.untested)])
    elif split.random and split.leak_share:
        told.append(
            f"{split.leak_share:.1%} of the test pictures have a copy among those trained on, so accuracy on them may "
            "flatter by up to as much; `crackscope split` keeps copies on one side"
        )
    if split.likely_groups is not None and not (split.random and split.seed is not None):
        to = "" if here and split.seed is not None else "given to `crackscope split` "
        told.append(
            groups_told(split.likely_groups, f"{to}keeps each in one part, else it is trained and judged on both")
        )
    if not split.part("val"):
        told.append("there is no val part: the weights of the last epoch are kept, since nothing tells which were best")
    if not split.part("test"):
        told.append(
            "there is no test part: what is trained is not judged here, `crackscope evaluate` does it afterwards"
        )
    return told
