"""The command line: one file a command group; click and rich live here and nowhere else."""

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command as a shell would; return its exit status (0, 1, 2 or 130). Never raises."""
    from crackscope.cli.app import run

    return run(arguments)
