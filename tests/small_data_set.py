"""A small labelled set of rough surfaces on the disk, some of them mirrored copies of others."""

from pathlib import Path

import numpy as np

from crackscope import datasets, images


def surface(seed: int, cracked: bool = False, side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rough = images.resize(rng.integers(90, 200, (12, 12)).astype(np.uint8), side, side).astype(float)
    rough += rng.normal(0, 6, (side, side))
    if cracked:
        rough[:, 20:24] -= 70
    return np.clip(rough, 0, 255).astype(np.uint8)


def data_set(folder: Path, each: int = 20, copies: int = 6) -> Path:
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True)
        for number in range(each):
            pixels = surface(number + 1000 * (label == "crack"), label == "crack")
            images.write_jpeg(pixels, folder / label / f"{number}.jpg")
            if number < copies:
                images.write_jpeg(np.ascontiguousarray(pixels[:, ::-1]), folder / label / f"{number}m.jpg", 80)
    return folder


def by_name(split: datasets.Split) -> dict[str, tuple[str | None, str]]:
    return {"/".join(Path(row.path).parts[-2:]): (row.part, row.group) for row in split.rows}
