"""Plots as picture files: they say what the page says, in its colours, and nothing lies over what is measured."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import label as connected

from crackscope import images
from crackscope.judging import Bootstrap, evaluate_scores
from crackscope.records import Row
from crackscope.reports import Print, write_contact_sheet, write_curves, write_evaluation
from crackscope.reports.history import history_charts, read_history

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def pixels_of(path: Path) -> Pixels:
    return images.read(path).pixels


def largest(mask: Mask) -> Mask:
    """The largest connected piece."""
    pieces = connected(mask)
    return pieces == np.argmax(np.bincount(pieces[mask]))


def blue(pixels: Pixels) -> Mask:
    return (pixels[..., 2] > 180) & (pixels[..., 0] < 90)


def red(pixels: Pixels) -> Mask:
    return (pixels[..., 0] > 150) & (pixels[..., 2] < 90)


def run_with(folder: Path, losses: list[float]) -> Path:
    """A run whose validation loss is this by epoch, and its training loss the same throughout."""
    folder.mkdir()
    head = "epoch,phase,train_loss,train_accuracy,val_loss,val_accuracy,learning_rate,seconds"
    rows = [f"{n},1,{losses[0]},0.8,{loss},0.9,0.001,2.5" for n, loss in enumerate(losses, 1)]
    (folder / "history.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return folder


def bend(run: Path) -> float:
    """How far the validation loss of curves.png lies off a straight line, as a share of its height."""
    drawn = pixels_of(write_curves(run))
    line = largest(blue(drawn[:, : drawn.shape[1] // 2]))
    y, x = np.nonzero(line)
    off = y - np.polyval(np.polyfit(x, y, 1), x)
    return float(np.abs(off).max() / np.ptp(y))


def test_the_picture_has_the_colours_of_the_page(tmp_path):
    drawn = pixels_of(write_curves(run_with(tmp_path / "run", [0.5, 0.3, 0.2])))
    assert blue(drawn).sum() > 500
    assert red(drawn).sum() == 0


@pytest.mark.parametrize(("last", "by_powers"), [(1 / 29, False), (1 / 31, True), (1e-4, True)])
def test_loss_has_the_axis_of_the_page(tmp_path, last, by_powers):
    """What falls by the same factor each epoch is straight on one axis and bent on the other."""
    run = run_with(tmp_path / "run", [last ** (n / 9) for n in range(10)])
    history = read_history(run)
    assert history is not None
    path = next(mark.path for mark in history_charts(history)[0].panels[0].marks if mark.kind == "curve")
    points = np.array([[float(number) for number in point.split()] for point in path.replace("M", "").split("L")])
    off = points[:, 1] - np.polyval(np.polyfit(points[:, 0], points[:, 1], 1), points[:, 0])
    assert (np.abs(off).max() / np.ptp(points[:, 1]) < 0.01) == by_powers
    assert (bend(run) < 0.05) == by_powers


def test_nothing_is_written_over_the_dots_of_the_reliability_plot(tmp_path):
    """Dots in all corners: letters are black, and nothing in the axes is."""
    stated = [0.03, 0.03, 0.12, 0.12, 0.97, 0.97, 0.9, 0.9] * 6
    rows = [Row(path=f"/{n}.png", label=("sound", "crack")[n % 2]) for n in range(len(stated))]
    write_evaluation(evaluate_scores(rows, stated, bootstrap=Bootstrap(60)), tmp_path)
    dark = (pixels_of(tmp_path / "reliability.png") < 70).all(axis=2)
    # The left and the lower edge of the axes are the longest black lines.
    left, foot = int(dark.sum(axis=0).argmax()), int(dark.sum(axis=1).argmax())
    top, right = int(np.nonzero(dark[:, left])[0].min()), int(np.nonzero(dark[foot])[0].max())
    assert right - left > 300
    assert foot - top > 300
    assert not dark[top : foot - 2, left + 3 : right].any()
    assert dark[foot + 60 :].any()


def test_a_print_with_a_warning_has_a_frame_that_is_seen_without_its_colour(tmp_path: Path) -> None:
    grey = tmp_path / "grey.png"
    images.write_png(np.full((64, 64, 3), 128, np.uint8), grey)
    write_contact_sheet([Print(str(grey), "", warns) for warns in (True, False)], tmp_path / "sheet.jpg")
    pixels = pixels_of(tmp_path / "sheet.jpg")
    frame = largest(red(pixels))
    rows, columns = np.nonzero(frame)
    assert rows.max() - rows.min() > 100
    assert columns.max() < pixels.shape[1] / 4
    # Through the middle of the print: its left and its right edge, each some pixels thick.
    assert frame[(rows.min() + rows.max()) // 2].sum() >= 6


def test_a_title_with_signs_of_money_is_no_formula(tmp_path: Path) -> None:
    write_contact_sheet([Print("gone.jpg", r"$\bad$")], tmp_path / "sheet.jpg", r"costs $\bad$")
    assert pixels_of(tmp_path / "sheet.jpg").shape[2] == 3
