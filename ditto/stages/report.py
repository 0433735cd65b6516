"""Stage `report`: the matrix of a study with its intervals, findings and figures."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from omegaconf import DictConfig

from ditto import study
from ditto.records import Verdict, read_jsonl
from ditto.report import figures, terminal
from ditto.report.findings import findings
from ditto.report.matrix import Entry, Judged, matrix, to_csv
from ditto.report.plain import without_nan
from ditto.store import verified, write_atomically
from ditto.study import Cell

log = logging.getLogger(__name__)


def run(cfg: DictConfig, cells_folder: Path, name: str) -> Path:
    """Report on all cells of one study; returns the folder, `<root>/report/<name>`."""
    root, cells = Path(cfg.paths.root), study.load(cells_folder)
    folder = root / "report" / name
    judged = _verdicts(root, cells)
    seeds = list(dict.fromkeys(c.seed for c in cells))
    by_size = sorted({(c.supervisor_parameters, c.supervisor) for c in cells})
    supervisors = [s for _, s in by_size]
    lines, found = matrix(judged, cfg.report.aggregation), findings(judged, seeds, supervisors)
    write_atomically(folder / "matrix.csv", to_csv(lines))
    report = {
        "study": name,
        "cells": [asdict(c) for c in cells],
        "matrix": [asdict(line) for line in lines],
        "findings": [asdict(f) for f in found],
    }
    write_atomically(folder / "report.json", json.dumps(without_nan(report), indent=2) + "\n")
    if cfg.report.figures:
        figures.draw(lines, seeds, supervisors, folder)
    terminal.show(lines, found, name)
    log.info("%-11s %s", "report", folder)
    return folder


def _verdicts(root: Path, cells: list[Cell]) -> Judged:
    """Every judged row once, in the matrix's order."""
    entries = {Entry("base", c.seed, ""): c.rows["base"] for c in cells}
    entries |= {Entry("supervision", "", c.supervisor): c.rows["supervision"] for c in cells}
    entries |= {Entry("imitation", c.seed, c.supervisor): c.rows["imitation"] for c in cells}
    paths = {entry: root / "judge" / artifact for entry, artifact in entries.items()}
    for path in paths.values():
        verified(path)
    return {entry: read_jsonl(path / "verdicts.jsonl", Verdict) for entry, path in paths.items()}
