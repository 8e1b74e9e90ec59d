"""Where the tests find their data."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data and weights, beside the repository."""
    if not (SHARED / "data" / "metu").is_dir():
        pytest.skip(f"wants the data sets in {SHARED}, which are not on this machine")
    return SHARED
