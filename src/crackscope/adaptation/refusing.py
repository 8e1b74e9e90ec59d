"""What is not adapted: bundles and patches that it is not made for, and changes that are worth nothing or too dear."""

from collections.abc import Callable, Sequence

from crackscope.adaptation.curve import Curve
from crackscope.adaptation.patches import Patches, Unfit
from crackscope.adaptation.validating import Worth, beats_guessing
from crackscope.errors import AdaptationError, several
from crackscope.records import Row, Unread
from crackscope.scoring import Model

LEAST_A_LABEL = 5
_GAIN = 0.005
"""Of balanced accuracy; less is no gain that is worth labelling for."""
MOST_PATCHES = 2000


class RefusedError(AdaptationError):
    """A bundle that was not written, since what it would have learnt is worth nothing, or costs too much of what it
    knew. curve: what more labels would bring, where that was asked for."""

    curve: Curve | None = None


def refuse_8_bits(model: Model) -> None:
    """Raise AdaptationError for a bundle in 8 bits, which keeps no word of old pictures."""
    if model.manifest.precision == "int8":
        raise AdaptationError(
            f"{model.bundle.path} is in 8 bits, where nothing holds back what it knew: adapt the float32 bundle that "
            "it was made from, then write that in 8 bits (`crackscope bundle export BUNDLE --int8`)"
        )


def check_count(rows: Sequence[Row], where: str, unread: Sequence[Unread], unfit: Sequence[Unfit] = ()) -> None:
    """Raise AdaptationError for fewer patches of a label than can be learnt from, or for more than this is made for.

    where: what is said begins with it. unread, unfit: those that were left out, as they cannot be read or judged.
    """
    cracks = sum(row.label == "crack" for row in rows)
    left_out = _left_out(unread, unfit)
    for label, count in (("cracked", cracks), ("sound", len(rows) - cracks)):
        if count < LEAST_A_LABEL:
            there = several(count, "readable patch is", "readable patches are")
            raise AdaptationError(
                f"{where}{there} labelled {label}{left_out}, at least {LEAST_A_LABEL} are needed: label some more "
                "(`crackscope suggest` names those that help most)"
            )
    if len(rows) > MOST_PATCHES:
        raise AdaptationError(
            f"{where}{len(rows)} patches are more than adapting is made for ({MOST_PATCHES}): train on them with "
            "`crackscope train`"
        )


def _left_out(unread: Sequence[Unread], unfit: Sequence[Unfit]) -> str:
    """How many were, and why the first of each kind was."""
    said = []
    if unread:
        said.append(f"{several(len(unread), 'picture')} left out that cannot be read ({unread[0].error.message})")
    if unfit:
        why = f"{unfit[0].path}: {unfit[0].reason}"
        said.append(f"{several(len(unfit), 'patch', 'patches')} left out that cannot be judged ({why})")
    return f", with {' and '.join(said)}" if said else ""


def refuse_swapped(before: Worth) -> None:
    """Raise AdaptationError where the bundle, asked beforehand, is surely worse than guessing."""
    here, high = before.balanced_accuracy.value, before.balanced_accuracy.high
    if here is not None and high is not None and high < 0.5:
        raise AdaptationError(
            f"crack and sound seem to be swapped: the bundle says the opposite of {1 - here:.0%} of the labels, so "
            "nothing was written: check the names of the folders and the labels"
        )


def refuse_worse(
    before: Worth, after: Worth, growth: tuple[float, float], ask: Callable[[], Curve | None] = lambda: None
) -> None:
    """Raise RefusedError where the bundle would get worse: by the loss of the margin, which tells better from worse on
    fewer patches than the balanced accuracy does.

    growth: of that loss, and its standard error; what lies within the error is no sign of getting worse. ask: for what
    more labels would bring, None where nobody wants to know.
    """
    here, there = before.balanced_accuracy, after.balanced_accuracy
    grown = growth[0] > growth[1]
    if not grown and (there.high or 0.0) >= (here.value or 0.0):
        return
    losses = (
        f"log loss about the threshold {before.margin_loss:.4f} as it is, {after.margin_loss:.4f} on patches left out "
        "in learning"
    )
    shares = f"balanced accuracy {here.value:.3f} and {there.value:.3f}"
    if grown and (there.value or 0.0) > (here.value or 0.0):
        worse = (
            f"it would call more patches rightly ({shares}), but its scores would fit the labels less "
            f"({losses}), as it would be surer where it is wrong, or less sure where it is right"
        )
    else:
        worse = f"{losses} ({shares})"
    curve = ask()
    refused = RefusedError(
        f"the bundle would get worse: {worse}; nothing was written: {_more_labels(curve, before)}check the labels "
        "(`crackscope scan DATA --bundle BUNDLE` names doubtful ones), or keep the bundle as it is"
    )
    refused.curve = curve
    raise refused


def _more_labels(curve: Curve | None, before: Worth) -> str:
    """Whether to label more, as the beginning of an advice: not where the curve neither rises nor leads above the
    bundle as it is."""
    if curve is None:
        return "label more patches (--curve says what they would bring), "
    expected = [point for point in curve.points if not point.measured]
    if not expected:
        return "label more patches, "
    now, ahead = curve.points[-len(expected) - 1], expected[-1]
    here, there, bundle = (
        worth.value or 0.0 for worth in (now.balanced_accuracy, ahead.balanced_accuracy, before.balanced_accuracy)
    )
    if there > max(here, bundle) + _GAIN:
        return "label more patches, "
    return (
        f"even {ahead.a_label} a label are not expected to help (balanced accuracy {there:.3f}; {here:.3f} with "
        f"{now.a_label}, {bundle:.3f} as it is), so "
    )


def refuse_guessing(after: Worth, patches: Patches) -> None:
    """Raise RefusedError where what was learnt is no better on patches left out than guessing may be."""
    if not beats_guessing(after, patches):
        raise RefusedError(
            f"nothing can be learnt from these labels: balanced accuracy {after.balanced_accuracy.value:.3f} on those "
            "left out while learning from the others, which guessing might reach as well, so nothing was written: "
            "check the labels, or label more patches"
        )


def refuse_forgetting(before: Worth, after: Worth, most: float) -> None:
    """Raise RefusedError where the balanced accuracy on old pictures, 0 to 1, falls by more than `most`."""
    lost = (before.balanced_accuracy.value or 0.0) - (after.balanced_accuracy.value or 0.0)
    if lost > most:
        raise RefusedError(
            f"the bundle would forget too much: balanced accuracy on what it knew falls by {lost:.3f}, more than "
            f"{most:g}, so nothing was written: check that no labels are swapped, label more patches, or allow "
            "more (--most-forgotten)"
        )
