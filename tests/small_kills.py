"""Commands that are killed at the very moment when a file or folder of theirs is about to appear."""

import os
import signal
import subprocess
import sys

PROGRAM = """
import os, signal, sys

left = int(sys.argv.pop(1))

def deadly(move):
    def moved(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.write(1, b"\\n" + os.fsencode(os.path.basename(arguments[1])))
            os.kill(os.getpid(), signal.SIGKILL)
        return move(*arguments, **options)
    return moved

os.replace, os.rename = deadly(os.replace), deadly(os.rename)
from crackscope.cli import main
sys.exit(main())
"""


def kill_at(move: int, *arguments: str) -> str:
    """Run crackscope until something is moved to its place for the `move`th time, and kill it right before.

    Returns the name that it was about to get: other changes of the program move the moment.
    """
    call = [sys.executable, "-c", PROGRAM, str(move), *arguments]
    ended = subprocess.run(call, stdout=subprocess.PIPE, check=False)
    assert ended.returncode == -signal.SIGKILL
    return os.fsdecode(ended.stdout.rpartition(b"\n")[2])
