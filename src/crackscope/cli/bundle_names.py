"""How a bundle is named on the command line."""

from pathlib import Path

from crackscope.errors import BundleError

_OF_A_RUN = ("run.json", "history.csv", "checkpoints")
"""Any of these lies in a run from its first steps on; the bundle comes last."""


def bundle_folder(name: str | None) -> Path:
    """The folder of a bundle that may be named by its run, or by `default`, as it is without a name.

    Raises BundleError for a run whose training was stopped before it wrote its bundle.
    """
    if name is None or name == "default":
        from crackscope.bundles import default_bundle

        return default_bundle()
    folder = Path(name)
    if (folder / "bundle.json").is_file():
        return folder
    run = folder.parent if folder.name == "bundle" else folder
    if not any((run / one).exists() for one in _OF_A_RUN):
        return folder
    if not (run / "bundle" / "bundle.json").is_file():
        raise BundleError(
            f"{run} is a run without a bundle, its training was stopped: to end it, add -o {run} --resume to the call "
            "of `crackscope train` that began it"
        )
    return run / "bundle"
