"""How a bundle is named on the command line: as in Python, with nothing heavy imported before one is."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

DEFAULT = "default"


def bundle_folder(name: str | None) -> Path:
    """The folder of a bundle that may be named by its run, or by `default`, as it is without a name.

    Raises BundleError for an empty name, and a run whose training was stopped before it wrote its bundle.
    """
    from crackscope import bundles

    return bundles.bundle_folder(name)


def refuse_swapped(bundle: str, others: Sequence[str]) -> None:
    """Raise UsageError where what stands in the place of the bundle is none, and one of the others is."""
    from crackscope.bundles import edition

    if edition(bundle) is not None:
        return
    for one in others:
        # A folder or file of that name is meant by it here.
        if edition(one) is not None and not (one == DEFAULT and os.path.exists(one)):
            raise click.UsageError(f"{bundle} is no bundle, but {one} is one: name the bundle first")


def refuse_default(folder: str | None) -> None:
    """Raise UsageError for a new bundle, or run, that is to be called `default`: by that name the one in the package is
    meant wherever a bundle is named, and this one would be taken for it."""
    if folder is not None and os.path.normpath(folder) == DEFAULT:
        raise click.UsageError(f"{DEFAULT} is what the bundle in the package is called, name another folder")
