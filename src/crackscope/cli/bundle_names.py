"""How a bundle is named on the command line."""

from pathlib import Path


def bundle_folder(name: str | None) -> Path:
    """The folder of a bundle that may be named by its run, or by `default`, as it is without a name."""
    if name is None or name == "default":
        from crackscope.bundles import default_bundle

        return default_bundle()
    folder = Path(name)
    return folder / "bundle" if (folder / "run.json").is_file() else folder
