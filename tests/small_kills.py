"""Commands that are killed at the very moment when a file or folder of theirs is about to appear."""

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
            os.kill(os.getpid(), signal.SIGKILL)
        return move(*arguments, **options)
    return moved

os.replace, os.rename = deadly(os.replace), deadly(os.rename)
from crackscope.cli import main
sys.exit(main())
"""


def kill_at(move: int, *arguments: str) -> None:
    """Run crackscope until something is moved to its place for the `move`th time, and kill it right before."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM, str(move), *arguments], check=False)
    assert ended.returncode == -signal.SIGKILL
