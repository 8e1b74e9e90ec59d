"""Small pages of every kind, as their rooms write them."""

from pathlib import Path

import numpy as np

from crackscope import images, reports
from crackscope.judging import (
    MATRIX_FIGURES,
    Bootstrap,
    BundleFacts,
    Matrix,
    MatrixCell,
    MatrixColumn,
    MetBefore,
    Origin,
    Stated,
    compare,
    evaluate_scores,
)
from crackscope.records import Inspected, Measure, PhotoScale, Row
from tests.small_inspection import SIZE, facts, inspected, picture, zone

NAMES = ("concrete of the northern abutment", "asphalt-2024", "walls")
BROKEN_WORDS = """Array.from(document.querySelectorAll('.glance th bdi')).flatMap(name => {
  const text = name.firstChild;
  return Array.from(text.data.matchAll(/\\S+/g)).filter(word => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set(Array.from(range.getClientRects()).map(box => Math.round(box.top))).size > 1;
  }).map(word => word[0]);
})"""
"""What a browser runs for the words of names at a glance that are broken over two lines."""


def evaluations():
    rng = np.random.default_rng(0)
    labels = rng.random(60) < 0.5
    rows = [
        Row(path=f"/{n}.jpg", label="crack" if cracked else "sound", surface=NAMES[n % 3])
        for n, cracked in enumerate(labels)
    ]
    for name in NAMES:
        scores = 1 / (1 + np.exp(-np.where(labels, 2, -2) - 2 * rng.normal(size=60)))
        stated = Stated(miss_rate=0.05, misses=0.044, false_alarms=0.011, pictures=1218)
        origin = Origin(bundle=BundleFacts(name=name, fingerprint="f" * 64, stated=stated))
        yield evaluate_scores(rows, scores, bootstrap=Bootstrap(60), origin=origin)


def evaluation(folder: Path) -> Path:
    reports.write_evaluation(next(iter(evaluations())), folder)
    return folder / "report.html"


def comparison(folder: Path) -> Path:
    return Path(reports.write_comparison(compare(list(evaluations()), bootstrap=Bootstrap(60)), folder))


FIGURE = Measure(value=0.9512, low=0.8123, high=0.9876)


def matrix(folder: Path) -> Path:
    return matrix_with(folder, [FIGURE] * 9)


def matrix_with(folder: Path, measures: list[Measure], met: MetBefore | None = None) -> Path:
    """A matrix of three by three in which each cell's figures are all this one measure."""
    columns = [
        MatrixColumn(name=name, part="test", support={"crack": 1234, "sound": 1234}, groups=99, fingerprint="f" * 64)
        for name in NAMES
    ]
    cells = [
        MatrixCell(
            row=NAMES[place // 3],
            column=NAMES[place % 3],
            own=place % 4 == 0,
            support=columns[0].support,
            not_judged=12,
            figures=dict.fromkeys(MATRIX_FIGURES, measure),
            met_before=met,
        )
        for place, measure in enumerate(measures)
    ]
    table = Matrix(
        rows=NAMES,
        trained_on=dict.fromkeys(NAMES, "asphalt 76, deck 592, metu 6,720"),
        columns=tuple(columns),
        cells=tuple(cells),
        baselines={"always crack": dict.fromkeys(MATRIX_FIGURES, 0.5)},
        resamples=1000,
        seed=0,
    )
    return Path(reports.write_matrix(table, folder))


def inspection(folder: Path) -> Path:
    scale = PhotoScale(mm_per_px=4.0, source="flag")
    long = [zone(number, 31_000.0, width, 4.0) for number, width in enumerate((0.1, 2, 40), 1)]
    found = [inspected(picture(folder, f"IMG_{n}.jpg", n), zones=tuple(long), scale=scale) for n in (1, 2)]
    reports.write_inspection(folder / "out", found, facts())
    return folder / "out" / "index.html"


def explanation(folder: Path) -> Path:
    for name in ("photo.png", "activation.png", "zone.png"):
        images.write_png(np.full((4, 4, 3), 90, np.uint8), folder / name)
    zones = tuple(zone(number, 30.0 * number, 4) for number in (1, 2, 3))
    painted = tuple(
        reports.PaintedFacts(
            zone=number,
            picture="zone.png",
            before="zone.png",
            window=(100, 50, 300, 200),
            probability=0.1,
            verdict="cannot judge",
            zone_before=0.99,
            zone_after=0.02,
            control=0.96,
        )
        for number in (1, 2, 3, 0)
    )
    photo = Inspected(path="wall.jpg", verdict="crack", probability=0.97, width=SIZE[0], height=SIZE[1], zones=zones)
    about = reports.ExplanationFacts(
        photo=photo, bundle="default", original="photo.png", activation="activation.png", painted=painted
    )
    reports.write_explanation(folder, about)
    return folder / "index.html"
