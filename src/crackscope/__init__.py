"""crackscope: finds cracks in pictures of built surfaces, and says how far to trust it.

    model = crackscope.load()              a bundle, ready for model.predict(picture) and model.predict_all(pictures)
    crackscope.inspect(photo)              a record of a whole photo: verdict, and zones with length and widths
    from crackscope.inspection import inspect_photo, open_photo      the same with mask and heatmap as arrays

docs/python.md shows each with examples: tables, scales, errors, threads and processes, training.
"""

TYPE_CHECKING = False
"""As in `typing`, which takes longer to import than all of this."""

__version__ = "0.1.0"

_PUBLIC = {
    "load": "crackscope.scoring",
    "predict": "crackscope.scoring",
    "embed": "crackscope.scoring",
    "inspect": "crackscope.inspection",
    "scan": "crackscope.datasets",
    "split": "crackscope.datasets",
    "train": "crackscope.training",
    "evaluate": "crackscope.judging",
    "adapt": "crackscope.adaptation",
}

if TYPE_CHECKING:
    from crackscope.adaptation import adapt as adapt
    from crackscope.datasets import scan as scan
    from crackscope.datasets import split as split
    from crackscope.inspection import inspect as inspect
    from crackscope.judging import evaluate as evaluate
    from crackscope.scoring import embed as embed
    from crackscope.scoring import load as load
    from crackscope.scoring import predict as predict
    from crackscope.training import train as train

__all__ = ["adapt", "embed", "evaluate", "inspect", "load", "predict", "scan", "split", "train"]

if not TYPE_CHECKING:  # that a typo is found, which any name from here would hide

    def __getattr__(name: str) -> object:
        """Load a public name on first use, so that `import crackscope` stays light."""
        room = _PUBLIC.get(name)
        if room is None:
            raise AttributeError(f"module 'crackscope' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(room), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
