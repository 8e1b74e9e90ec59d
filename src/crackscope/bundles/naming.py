"""How a bundle is named, on the command line and in Python: by its folder, by the run that made it, or by `default`."""

from pathlib import Path

from crackscope.errors import BundleError

MANIFEST = "bundle.json"
_OF_A_RUN = ("run.json", "history.csv", "checkpoints")
"""Any of these lies in a run from its first steps on; the bundle comes last."""


def default_bundle() -> Path:
    """Return the folder of the bundle in the package. Raises BundleError when the package was built without one."""
    path = Path(__file__).parent / "default"
    if not (path / MANIFEST).is_file():
        raise BundleError("this build of crackscope carries no bundle; name one with --bundle")
    return path


def bundle_folder(name: str | Path | None) -> Path:
    """The folder of a bundle that may be named by its run, or by the text `default`, as it is without a name.

    Raises BundleError for an empty name, and a run whose training was stopped before it wrote its bundle.
    """
    if name == "":
        raise BundleError("the name of the bundle is empty; name its folder, its run, or default")
    if name is None or name == "default":
        return default_bundle()
    folder = Path(name)
    if (folder / MANIFEST).is_file():
        return folder
    run = folder.parent if folder.name == "bundle" else folder
    if not any((run / one).exists() for one in _OF_A_RUN):
        return folder
    if not (run / "bundle" / MANIFEST).is_file():
        raise BundleError(
            f"{run} is a run without a bundle, its training was stopped: to end it, add -o {run} --resume to the call "
            "of `crackscope train` that began it"
        )
    return run / "bundle"
