"""The environment that the Keras rivals run in: made once, beside the project's own."""

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
