"""Names as people write them: with `*`, which Enterprise Manager's API lacks, or nearly right."""

import re
from collections.abc import Iterable

_SHOWN = 5
_SHORTEST_PART = 3  # characters in common that are no accident


def name_matches(pattern: str, name: str) -> bool:
    """Tell whether a whole name fits a pattern in which `*` stands for anything."""
    parts = map(re.escape, pattern.split("*"))
    return bool(re.fullmatch(".*".join(parts), name, re.IGNORECASE | re.DOTALL))


def similar_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the few names that somebody may have meant, the likeliest first."""
    import difflib  # noqa: PLC0415 - only for an error

    wanted = name.casefold().replace("*", "")
    spelled: dict[str, list[str]] = {}
    for one in dict.fromkeys(known):
        spelled.setdefault(one.casefold(), []).append(one)
    alike = difflib.get_close_matches(wanted, spelled, _SHOWN)
    alike += [one for one in spelled if _share_a_part(wanted, one)]
    return [one for folded in dict.fromkeys(alike) for one in spelled[folded]][:_SHOWN]


def _share_a_part(one: str, other: str) -> bool:
    """Tell whether a name, without its domain, is in the other."""
    host, other_host = one.partition(".")[0], other.partition(".")[0]
    long_enough = min(len(host), len(other_host)) >= _SHORTEST_PART
    return long_enough and (host in other or other_host in one)
