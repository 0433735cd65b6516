"""The folder of a report: what another one has left there must not be taken for a part of this one."""

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from ditto.store import digest

FORMAT: Final = 2  # grows when a report's files change
FILE: Final = "report.json"
FILES: Final = (
    FILE,
    "index.html",
    "main_table.md",
    *(f"{name}.csv" for name in ("matrix", "replicates", "pgr", "people", "plan", "main_table", "differences")),
    *(f"{name}.{kind}" for name in ("heatmaps", "scatter", "arms") for kind in ("png", "svg")),
    "upstream/*.jsonl",
    "inspect/*.eval",
)
Mark = dict[str, Any]
log = logging.getLogger(__name__)


def mark(studies: Sequence[Path], verdicts: Iterable[str], aggregation: str) -> Mark:
    """What report.json says of the studies in these folders, so that their report is known again."""
    made_of = digest([sorted(verdicts), aggregation])
    return {"format": FORMAT, "studies": [folder.name for folder in studies], "made_of": made_of}


def clear(folder: Path, mark: Mark) -> None:
    """Remove the report in `folder`, and say whose it was, unless it has this very mark."""
    left, before = [file for name in FILES for file in folder.glob(name)], _read(folder / FILE)
    if not left or all(before.get(name) == value for name, value in mark.items()):
        return
    if before.get("format") != FORMAT:
        log.warning("%s holds the report of another task or version of ditto: this one replaces it.", folder)
    elif before["studies"] != mark["studies"]:
        studies = ", ".join(before["studies"])
        log.warning("%s holds the report of %s, which has other settings: this one replaces it.", folder, studies)
    else:
        log.info("%-11s %s is made anew, for the study's verdicts have changed", "report", folder)
    for file in left:
        file.unlink()


def _read(file: Path) -> Mark:
    """A report's own words; none where it is not there or cannot be understood."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
