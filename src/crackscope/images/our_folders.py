"""Which folders crackscope wrote: the pictures in them are copies of photos, drawings upon them, patches cut from them,
plots and generated surfaces, and no photos."""

import os

_MARKS = (
    ("inspection.jsonl", b""),
    ("suggestions.csv", b""),
    ("explain.json", b'{"path":'),
    ("predictions.csv", b"path,label,group,surface,probability,verdict"),
    ("run.json", b'{\n  "recipe": {'),
    ("matrix.json", b'{\n  "format": '),
    ("doubts.csv", b"rank,path,label,believed,"),
    (".crackscope-demo", b"Made by `crackscope demo`"),
)
"""A file that lies in every folder of a kind, and how it begins, since others may call theirs alike: of `inspect`,
`suggest`, `explain`, `evaluate`, `train`, `matrix`, `scan --doubts` and `demo`."""


def is_ours(folder: str) -> bool:
    """Whether a command of ours wrote this folder, told by a file in it; none is opened but those of such a name."""
    return any(_begins(os.path.join(folder, name), beginning) for name, beginning in _MARKS)


def _begins(path: str, beginning: bytes) -> bool:
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(beginning)) == beginning
    except OSError:
        return False
