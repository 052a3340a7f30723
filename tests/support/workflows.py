"""What the workflows say, as far as tests ask."""

import re
import textwrap
from pathlib import Path

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))


def jobs(workflow: str) -> dict[str, str]:
    """Return what a workflow's file says of each of its jobs."""
    _, _, listed = (GITHUB / "workflows" / workflow).read_text("utf-8").partition("\njobs:\n")
    parts = re.split(r"^  (\w+):.*\n", listed, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def script(job: str) -> str:
    """Return the one script of several lines that a job runs."""
    (found,) = re.findall(r"^ +run: \|\n((?: {10}.*\n)+)", job, re.MULTILINE)
    return textwrap.dedent(found)
