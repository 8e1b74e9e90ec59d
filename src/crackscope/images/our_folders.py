"""Which folders crackscope wrote: the pictures in them are copies of photos, drawings upon them, patches cut from them,
plots and generated surfaces, and no photos."""

import os

_GENERATED = ("truth.csv", b"path,label,mask,surface,width_px_median,")
_MARKS = (
    ("inspection.jsonl", b""),
    ("suggestions.csv", b""),
    ("explain.json", b'{"path":'),
    ("predictions.csv", b"path,label,group,surface,probability,verdict"),
    ("run.json", b'{\n  "recipe": {'),
    ("matrix.json", b'{\n  "format": '),
    ("doubts.csv", b"rank,path,label,believed,"),
    (".crackscope-demo", b"Made by `crackscope demo`"),
    _GENERATED,
)
"""A file that lies in every folder of a kind, and how it begins, since others may call theirs alike: of `inspect`,
`suggest`, `explain`, `evaluate`, `train`, `matrix`, `scan --doubts`, `demo` and `generate`."""


def is_ours(folder: str) -> bool:
    """Whether a command of ours wrote this folder, told by a file in it; none is opened but those of such a name.
    Generated surfaces may be wanted as pictures and are named themselves then: their masks are told apart, too."""
    return any(_begins(os.path.join(folder, name), beginning) for name, beginning in _MARKS) or _holds_masks(folder)


def _holds_masks(folder: str) -> bool:
    above, name = os.path.split(folder)
    table, beginning = _GENERATED
    return name == "masks" and _begins(os.path.join(above, table), beginning)


def _begins(path: str, beginning: bytes) -> bool:
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(beginning)) == beginning
    except OSError:
        return False
