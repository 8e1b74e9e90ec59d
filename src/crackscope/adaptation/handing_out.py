"""Suggested patches as files: a folder to sort by hand, a table, and tasks for Label Studio."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from crackscope.adaptation.suggesting import Suggestion
from crackscope.arguments import PATH, TEXT, list_of, refuse_wrong
from crackscope.datasets import SUGGESTIONS, UNSORTED
from crackscope.encoding import encode_csv, encode_json
from crackscope.files import make_folder, write_whole
from crackscope.images import read, write_png

TASKS, LABELLING = "label-studio.json", "label-studio.xml"
_INTERFACE = """<View>
  <Image name="image" value="$image"/>
  <Choices name="label" toName="image" choice="single-radio" showInline="true">
    <Choice value="crack" hotkey="1"/>
    <Choice value="sound" hotkey="2"/>
  </Choices>
</View>
"""
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
"""What Label Studio drops from the names of uploaded files, and file systems may refuse; letters of any script stay."""
_MOST_LETTERS, _MOST_BYTES = 80, 120
"""Of a photo's name in those of its patches; file systems take 255 bytes, encrypted ones 143."""


def hand_out(suggestions: Sequence[Suggestion], folder: str | Path, model: str) -> list[str]:
    """Write patches and tables into a folder; returns the paths of the patches in order.

    unsorted/ holds the patches as PNG; crack/ and sound/ are empty, to sort them into: the folder is then a data set,
    which passes over what is still in unsorted/.
    label-studio.json: a task a patch with the model's opinion, label-studio.xml the interface for it; images are named
    as Label Studio's local storage serves them when its document root is the folder. A patch has the name of its photo
    in its own, letters of any script as they are, in one spelling (NFC). model: name of the opinion's
    source. Raises ImageError when a photo can no longer be read, OutputError when something cannot be written.
    """
    refuse_wrong(suggestions=(suggestions, list_of(Suggestion)), folder=(folder, PATH), model=(model, TEXT))
    folder = Path(folder)
    for name in (UNSORTED, "crack", "sound"):
        make_folder(folder / name)
    names = [_name(one) for one in suggestions]
    by_photo: dict[str, list[int]] = {}
    for place, one in enumerate(suggestions):
        by_photo.setdefault(one.path, []).append(place)
    for path, places in by_photo.items():
        pixels = read(path).pixels
        for place in places:
            write_png(suggestions[place].cut(pixels), folder / UNSORTED / names[place])
    tasks = [_task(one, name, model) for one, name in zip(suggestions, names, strict=True)]
    write_whole(folder / TASKS, encode_json(tasks))
    write_whole(folder / LABELLING, _INTERFACE.encode())
    write_whole(folder / SUGGESTIONS, _table(suggestions, names))
    return [str(folder / UNSORTED / name) for name in names]


def _name(one: Suggestion) -> str:
    stem = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", Path(one.path).stem))
    short = stem[:_MOST_LETTERS].encode()[:_MOST_BYTES].decode(errors="ignore")
    return f"{one.rank:04d}_{short}_{one.left}_{one.top}.png"


def _task(one: Suggestion, name: str, model: str) -> dict[str, object]:
    opinion = {"from_name": "label", "to_name": "image", "type": "choices", "value": {"choices": [one.verdict]}}
    score = round(one.probability if one.verdict == "crack" else 1 - one.probability, 4)
    return {
        "data": {
            "image": f"/data/local-files/?d={UNSORTED}/{quote(name)}",
            "photo": one.path,
            "left": one.left,
            "top": one.top,
        },
        "predictions": [{"model_version": model, "score": score, "result": [opinion]}],
    }


def _table(suggestions: Sequence[Suggestion], names: Sequence[str]) -> bytes:
    lines = []
    for one, name in zip(suggestions, names, strict=True):
        box = (one.left, one.top, one.width, one.height)
        lines.append((one.rank, f"{UNSORTED}/{name}", one.path, *box, f"{one.probability:.4f}", f"{one.doubt:.4f}"))
    return encode_csv(("rank", "patch", "photo", "left", "top", "width", "height", "probability", "doubt"), lines)
