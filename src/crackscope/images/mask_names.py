"""Names by which masks lie beside their pictures."""

import re
from typing import Final

_MASK_OF: Final = re.compile(r"(.+)[ _.-]masks?", re.IGNORECASE | re.DOTALL)


def masked_by(stem: str) -> str | None:
    """The stem of the picture that a file of this stem would be the mask of: `wall` of `wall_mask`; None of others."""
    found = _MASK_OF.fullmatch(stem)
    return found and found[1]
