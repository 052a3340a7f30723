"""`make release-notes`: what CHANGELOG.md says of the version that a tag names.

Fails when the tag is of another version than the sources, or the changelog calls it unreleased.
"""

import re
import sys
from pathlib import Path

from terraform_provider_veeam import __version__

ROOT = Path(__file__).resolve().parent.parent


class NotReady(Exception):
    """The version can't be released as it is; the text says why."""


def notes(changelog: str, tag: str, version: str) -> str:
    """Return the section of a version. Raises NotReady."""
    if tag != f"v{version}":
        raise NotReady(f"the tag is {tag or 'missing'}, but the sources are version {version}")
    section = rf"^## {re.escape(version)} \(([^)]+)\)\n(.*?)(?=^## |\Z)"
    found = re.search(section, changelog, re.MULTILINE | re.DOTALL)
    if not found:
        raise NotReady(f"CHANGELOG.md has no section {version} with its date")
    if found[1] == "Unreleased":
        raise NotReady(f"CHANGELOG.md calls {version} unreleased: write the date of the release")
    return found[2].strip() + "\n"


def main() -> int:
    """Write the file; returns the exit code."""
    tag = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        text = notes((ROOT / "CHANGELOG.md").read_text("utf-8"), tag, __version__)
    except NotReady as error:
        sys.stderr.write(f"No release: {error}.\n")
        return 1
    target = ROOT / "build" / "release-notes.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
