"""The command line: one file a command group; click and rich live here and nowhere else."""

import sys
from collections.abc import Sequence

from crackscope.cli.interrupts import LINE, STATUS, Watch

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command as a shell would; return its exit status (0, 1, 2, 130 or 143). Never raises.

    Without arguments, those of the process are taken, which then is expected to end with this status.
    """
    watch = Watch()
    try:
        from crackscope.cli.app import run

        return watch.status(run(arguments))
    except KeyboardInterrupt:
        print(LINE, file=sys.stderr, flush=True)
        return watch.status(STATUS)
    finally:
        watch.end(process_ends=arguments is None)
