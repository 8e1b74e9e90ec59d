"""`scan --bundle`: labels that are probably wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crackscope.cli.console import print_table, progress, say
from crackscope.cli.evaluate import bundle_folder
from crackscope.cli.folders import write_csv
from crackscope.cli.labelled import Labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackscope.datasets import ScanReport
    from crackscope.judging import Doubt
    from crackscope.records import Row
    from crackscope.scoring import Described

SHOWN, SHEET = 10, 96


@dataclass(frozen=True, kw_only=True)
class Doubting(Labelled):
    """The options of one call of `scan`."""

    data: str
    doubts: str | None
    bundle: str | None


def find_doubts(asked: Doubting) -> "tuple[Doubt, ...]":
    """Rank all labels by how little they are believed, and write files if they are wanted."""
    import numpy as np

    from crackscope.judging import label_doubts

    rows, answers = _described(asked)
    ranked = label_doubts(
        rows,
        np.array([answer.score for answer in answers], np.float64),
        np.array([answer.embedding for answer in answers], np.float64),
        seed=asked.seed or 0,
    )
    if asked.doubts is not None:
        _write(ranked, Path(asked.doubts))
    return ranked


def _described(asked: Doubting) -> "tuple[Sequence[Row], Sequence[Described]]":
    """Rows in their groups of copies, and what the network says of each; unreadable ones are left out."""
    from crackscope.datasets import load
    from crackscope.scoring import Described, describe
    from crackscope.scoring import load as load_model

    rows = load(asked.data, parts=(50, 0, 50), group_by=asked.group_by, layout=asked.layout).rows
    model = load_model(bundle_folder(asked.bundle or "default"), threads=asked.threads)
    with progress("looking at pictures", len(rows), quiet=asked.silent) as tell:
        answers = list(describe(model, [row.path for row in rows], tell))
    seen = [(row, answer) for row, answer in zip(rows, answers, strict=True) if isinstance(answer, Described)]
    return [row for row, _ in seen], [answer for _, answer in seen]


def _write(ranked: "Sequence[Doubt]", folder: Path) -> None:
    from crackscope.reports import Print, write_contact_sheet

    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        (rank, one.path, one.label, f"{one.believed:.6f}", str(one.doubted).lower())
        for rank, one in enumerate(ranked, start=1)
    ]
    write_csv(("rank", "path", "label", "believed", "doubted"), lines, folder / "doubts.csv")
    worst = [Print(one.path, f"says {one.label}: {one.believed:.3f}", one.doubted) for one in ranked[:SHEET]]
    title = "labels that are believed least: what the label says, and how probable that is"
    write_contact_sheet(worst, folder / "doubts.jpg", title)


def show_doubts(ranked: "Sequence[Doubt]", asked: Doubting) -> None:
    """Print how many labels are doubted, and the worst of them."""
    count = sum(one.doubted for one in ranked)
    say(f"labels probably wrong: {count} of {len(ranked)} ({count / len(ranked):.1%})")
    rows = [(one.label, f"{one.believed:.4f}", one.path) for one in ranked[:SHOWN] if one.doubted]
    if rows:
        print_table("", ("label", ">believed", "picture"), rows)
    if asked.doubts is not None:
        say(f"all of them, and a contact sheet of the worst: {asked.doubts}")


def with_doubts(report: "ScanReport", ranked: "Sequence[Doubt]") -> dict[str, object]:
    """The report with the labels that are doubted, the least believed first."""
    import msgspec

    facts: dict[str, object] = msgspec.to_builtins(report)
    return facts | {"doubts": msgspec.to_builtins([one for one in ranked if one.doubted])}
