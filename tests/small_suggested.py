"""Small photos, the patches that `suggest` cuts from them, sorted, and what `adapt` says of those."""

import csv
import json
from pathlib import Path

import numpy as np

from crackscope import images
from crackscope.cli import main
from tests.small_patches import patch


def write_photo(path, number, across, faint=0.3):
    """Patches of 64 px side by side: cracked ones in the upper row, sound ones below."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        np.hstack([patch(1000 * number + column + first, cracked=first == 0)[0] for column in range(across)])
        for first in (0, 50_000)
    ]
    dulled = 128 + faint * (np.vstack(rows).astype(np.float32) - 128)
    images.write_png(dulled.round().astype(np.uint8), path)


def listed(folder):
    return list(csv.DictReader((folder / "suggestions.csv").read_text().splitlines()))


def sort_patches(folder, *, swapped=False):
    for line in listed(folder):
        cracked = (line["top"] == "0") != swapped
        (folder / line["patch"]).rename(folder / ("crack" if cracked else "sound") / Path(line["patch"]).name)


def suggested(bundle, photos, out, *more):
    assert main(["suggest", bundle, str(photos), "-n", "24", "-o", str(out), "-q", *more]) == 0
    return out


def adapted(bundle, data, out, capsys):
    capsys.readouterr()
    assert main(["adapt", bundle, str(data), "-o", str(out), "--most-forgotten", "1", "--json"]) == 0
    return json.loads(capsys.readouterr().out)
