"""The studies of one launch that differ in `study.arm`, in one table and one figure."""

import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from ditto import study
from ditto.report import arms_terminal, gaps, place
from ditto.report.arms import ArmLine, Difference, differences, side_by_side
from ditto.report.matrix import to_csv
from ditto.stages.report import verdicts
from ditto.store import write_atomically

log = logging.getLogger(__name__)


def varied(folders: Sequence[Path]) -> bool:
    """Whether the studies in `folders` are the arms of an ablation."""
    arms = {study.arm(folder) for folder in folders}
    return 1 < len(arms) == len(folders) and all(arms)


def names(study_name: str, folders: Sequence[Path]) -> dict[Path, str]:
    """What the report of each study is called: like the study where there is but one, else by its arm or settings."""
    if varied(folders):
        return {folder: f"{study_name}-{re.sub(r'[^-+.=A-Za-z0-9_]', '_', study.arm(folder))}" for folder in folders}
    return {folder: folder.name if len(folders) > 1 else study_name for folder in folders}


def run(cfg: DictConfig, folders: Sequence[Path]) -> Path:
    """Compare the studies in `folders` with the first of them; returns `<root>/report/<study>`."""
    root = Path(cfg.paths.root)
    folder: Path = root / "report" / cfg.study.name
    runs = {study.arm(cells): study.load(cells) for cells in folders}
    rows = [row for cells in runs.values() for cell in cells for row in cell.rows.values()]
    mark = place.mark(folders, rows, cfg.report.aggregation)
    place.clear(folder, mark)
    arms = {arm: verdicts(root, cells) for arm, cells in runs.items()}
    lines, apart = side_by_side(arms, cfg.report.aggregation), differences(arms)
    write_atomically(folder / "matrix.csv", to_csv(lines, ArmLine))
    write_atomically(folder / "differences.csv", to_csv(apart, Difference))
    report = mark | {
        "study": cfg.study.name,
        "arms": {arm: cells.name for arm, cells in zip(arms, folders, strict=True)},
    }
    write_atomically(folder / place.FILE, json.dumps(report, indent=2) + "\n")
    if cfg.report.figures:
        from ditto.report import arms_figure

        arms_figure.draw(lines, folder)
    arms_terminal.show(lines, apart, cfg.study.name)
    for sentence in gaps.between(arms):
        log.warning(sentence)
    log.info("%-11s %s", "arms", folder)
    return folder
