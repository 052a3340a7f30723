"""Names with `*`, which Enterprise Manager's API does not know: they are matched here."""

from __future__ import annotations

import re


def name_matches(pattern: str, name: str) -> bool:
    """Tell whether a whole name fits a pattern in which `*` stands for anything."""
    parts = map(re.escape, pattern.split("*"))
    return bool(re.fullmatch(".*".join(parts), name, re.IGNORECASE | re.DOTALL))
