"""How a bundle is named on the command line: as in Python, with nothing heavy imported before one is."""

from pathlib import Path


def bundle_folder(name: str | None) -> Path:
    """The folder of a bundle that may be named by its run, or by `default`, as it is without a name.

    Raises BundleError for a run whose training was stopped before it wrote its bundle.
    """
    from crackscope import bundles

    return bundles.bundle_folder(name)
