"""The environment that the Keras rivals run in, made once beside the project's own, and the rival as a process."""

import subprocess
import venv
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".env-keras"
TENSORFLOW = "tensorflow-cpu==2.19.1"


def keras_python() -> Path:
    """The interpreter of the environment, which is made when it is not there."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        print(f"making {FOLDER.name} with {TENSORFLOW} (once, a few minutes)", flush=True)
        venv.create(FOLDER, with_pip=True)
        subprocess.run([FOLDER / "bin" / "pip", "install", "-q", TENSORFLOW], check=True)
    return python


class Keras:
    """A rival script in its own process, idle until it is asked for a pass.

    The script prints `ready`, then the seconds of one pass for every line that it reads.
    """

    def __init__(self, script: Path, *arguments: str) -> None:
        call = [str(keras_python()), str(script), *arguments]
        self._process = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if self._answer() != "ready":
            raise SystemExit(f"Keras did not start; try {' '.join(call)}")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def seconds(self) -> float:
        """Time one pass, as the rival measures it itself."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the rival."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
