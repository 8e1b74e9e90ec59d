"""Where the tests find their data."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.small_browser import Browser
    from tests.small_way import Way

# Several test processes share the cores; threads of torch that wait for each other there cost twenty times the work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Some test modules import ONNX Runtime before the package, which tells it not to report to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all that they start; some tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long a case takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data and weights, beside the repository."""
    if not (SHARED / "data" / "metu").is_dir():
        pytest.skip(f"wants the data sets in {SHARED}, which are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def way(tmp_path_factory: pytest.TempPathFactory) -> "Way":
    """Generated surfaces, a split of them, a run: not to be changed."""
    from tests.small_way import go_the_way

    return go_the_way(tmp_path_factory.mktemp("way"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Browser]":
    """Debian's chromium, one for all tests of a module."""
    from tests.small_browser import Browser

    one = Browser(tmp_path_factory.mktemp("chromium"))
    yield one
    one.close()
