"""Loss and accuracy by epoch, as a picture in the run's folder."""

from pathlib import Path

from crackscope.errors import JudgingError
from crackscope.reports.history import HISTORY, read_history
from crackscope.reports.plots import write_history_plot


def write_curves(run: str | Path) -> Path:
    """Write `curves.png` into a run from its `history.csv`, and return its path.

    Raises JudgingError when the run has no history or a damaged one, OutputError when the picture cannot be written.
    """
    home = Path(run)
    history = read_history(home)
    if history is None:
        raise JudgingError(f"{home} has no {HISTORY} with an epoch in it: name the folder of a run")
    write_history_plot(history, home / "curves.png")
    return home / "curves.png"
