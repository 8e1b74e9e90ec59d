"""`scan --bundle`: labels that are probably wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crackscope.cli.bundle_names import bundle_folder
from crackscope.cli.console import print_table, progress, say, warn
from crackscope.cli.labelled import Labelled
from crackscope.errors import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackscope.datasets import ScanReport, Split
    from crackscope.judging import Doubt, MetBefore
    from crackscope.records import Row
    from crackscope.scoring import Described, Model

SHOWN, SHEET = 10, 96


@dataclass(frozen=True, kw_only=True)
class Doubting(Labelled):
    """The options of one call of `scan`."""

    data: str
    doubts: str | None
    bundle: str | None


@dataclass(frozen=True)
class Doubts:
    """Pictures by how little their label is believed. opposed: the area under the ROC curve where the bundle says the
    opposite of most labels, so that the ranking may accuse the right ones; else None. met_before: what of the pictures
    the bundle learnt from, and so hardly doubts."""

    ranked: "tuple[Doubt, ...]"
    opposed: float | None
    met_before: "MetBefore | None" = None

    @property
    def count(self) -> int:
        """How many labels are doubted; copies count once."""
        return sum(one.doubted for one in self.ranked)

    @property
    def problem(self) -> str:
        """What is wrong with the labels as a whole, "" when nothing is."""
        if self.opposed is None:
            return ""
        return (
            f"the bundle says the opposite of most labels (ROC AUC {self.opposed:.2f}): are the classes swapped? Look "
            "at some pictures; --positive and --negative name class folders"
        )


def find_doubts(asked: Doubting, report: "ScanReport", split: "Split") -> Doubts:
    """Rank all labels by how little they are believed, and write files if they are wanted.

    split: all of it, dealt as an evaluation of all of it does, so that a bundle which was trained on it is known by it.
    """
    import numpy as np

    from crackscope.judging import label_doubts, labels_opposed
    from crackscope.scoring import load as load_model

    model = load_model(bundle_folder(asked.bundle), threads=asked.threads)
    rows, answers = _described(model, split.rows, quiet=asked.silent)
    scores = np.array([answer.score for answer in answers], np.float64)
    embeddings = np.array([answer.embedding for answer in answers], np.float64)
    copies = _copies(rows, report)
    doubts = Doubts(
        label_doubts(rows, scores, embeddings, copies=copies, seed=asked.seed or 0),
        labels_opposed(rows, scores),
        _met(model, split, rows, answers),
    )
    if asked.doubts is not None:
        _write(doubts.ranked, Path(asked.doubts))
    return doubts


def _copies(rows: "Sequence[Row]", report: "ScanReport") -> list[int]:
    """One number for all copies of a picture; groups that the user made do not count here."""
    number = {member.path: place for place, group in enumerate(report.groups) for member in group}
    return [number.get(row.path, len(report.groups) + place) for place, row in enumerate(rows)]


def _described(model: "Model", rows: "Sequence[Row]", *, quiet: bool) -> "tuple[Sequence[Row], Sequence[Described]]":
    """Rows that can be read, in their groups of copies, and what the network says of each."""
    from crackscope.scoring import Described, describe

    with progress("looking at pictures", len(rows), quiet=quiet) as tell:
        answers = list(describe(model, [row.path for row in rows], tell))
    seen = [(row, answer) for row, answer in zip(rows, answers, strict=True) if isinstance(answer, Described)]
    return [row for row, _ in seen], [answer for _, answer in seen]


def _met(model: "Model", split: "Split", rows: "Sequence[Row]", answers: "Sequence[Described]") -> "MetBefore | None":
    """What of these rows the bundle learnt from, as an evaluation says it."""
    from collections import Counter

    from crackscope.judging import met_before, met_in_training

    read_as = Counter(model.calibrated(0.0, answer.embedding).surface for answer in answers)
    known = met_before(model.manifest, split.fingerprint, None, rows, read_as={"": read_as})
    return met_in_training(model.bundle, rows, known)


def _write(ranked: "Sequence[Doubt]", folder: Path) -> None:
    from crackscope.encoding import encode_csv
    from crackscope.files import write_whole, written_together
    from crackscope.reports import Print, write_contact_sheet

    lines = [
        (rank, path, one.label, f"{one.believed:.6f}", str(one.doubted).lower())
        for rank, one in enumerate(ranked, start=1)
        for path in (one.path, *one.copies)
    ]
    table = encode_csv(("rank", "path", "label", "believed", "doubted"), lines)
    worst = [
        Print(one.path, f"{'wrong? ' * one.doubted}says {one.label}: {one.believed:.3f}", one.doubted)
        for one in ranked[:SHEET]
    ]
    some = several(sum(one.doubted for one in ranked), "label")
    title = (
        f"{some} of {len(ranked):,} in doubt (wrong?), the least believed first: what each says, how probable that is"
    )
    with written_together(folder, "doubts.jpg") as draft:
        write_whole(draft / "doubts.csv", table)
        write_contact_sheet(worst, draft / "doubts.jpg", title)


def show_doubts(doubts: Doubts, asked: Doubting) -> None:
    """Print how many labels are doubted, and the worst of them."""
    doubted = [one for one in doubts.ranked if one.doubted]
    count, total = doubts.count, len(doubts.ranked)
    what = "labels probably wrong" if doubts.opposed is None else "labels unlike the others of their name"
    once = ", copies counted once" if any(one.copies for one in doubts.ranked) else ""
    say(f"{what}: {count} of {total} ({count / total:.1%}){once}")
    if doubted:
        rows = [(one.label, f"{one.believed:.4f}", _named(one)) for one in doubted[:SHOWN]]
        print_table("", ("label", ">believed", "picture"), rows)
    from crackscope.reports import met_labels_sentence

    if met := met_labels_sentence(doubts.met_before):
        warn(met)
    if asked.doubts is not None:
        say(f"all of them, and a contact sheet of the worst: {asked.doubts}")


def _named(one: "Doubt") -> str:
    more = len(one.copies)
    return f"{one.path} and {more} {'copies' if more > 1 else 'copy'}" if more else one.path


def with_doubts(report: "ScanReport", doubts: Doubts) -> dict[str, object]:
    """The report with the labels that are doubted, the least believed first."""
    import msgspec

    facts: dict[str, object] = msgspec.to_builtins(report)
    doubted = [one for one in doubts.ranked if one.doubted]
    return facts | {"doubts": msgspec.to_builtins(doubted), "met_before": msgspec.to_builtins(doubts.met_before)}
