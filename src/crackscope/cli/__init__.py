"""The command line: one file a command group; click and rich live here and nowhere else."""

import sys

TYPE_CHECKING = False
"""As in `typing`, which takes longer to import than all that happens before `main`."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackscope.cli.interrupts import Watch

__all__ = ["INTERRUPTED", "LINE", "main"]

INTERRUPTED, LINE = 130, "crackscope: interrupted"
"""Exit status of a call that Ctrl-C ended, and what is said of it."""


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run one command as a shell would; return its exit status (0, 1, 2, 130 or 143). Never raises.

    Without arguments, those of the process are taken, which then is expected to end with this status.
    """
    watch: Watch | None = None
    try:
        # Imported in here, as far as it can be: an interrupt meanwhile is reported in our way.
        from crackscope.cli import interrupts

        watch = interrupts.Watch()
        from crackscope.cli.app import run

        return watch.status(run(arguments))
    except BaseException as error:
        # Python 3.11 wraps what comes while a class is made.
        if not isinstance(error, KeyboardInterrupt) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        print(LINE, file=sys.stderr, flush=True)
        return INTERRUPTED if watch is None else watch.status(INTERRUPTED)
    finally:
        if watch is not None:
            watch.end(process_ends=arguments is None)
