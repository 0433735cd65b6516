"""The page of a study, `<report>/index.html`, from the artifacts that its cells left."""

import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ditto.errors import StoreError
from ditto.records import Answer, Session, Verdict, read_jsonl
from ditto.report.matrix import Entry, Line, measured
from ditto.report.page import data
from ditto.report.page.build import page
from ditto.report.page.data import Cut, Json, Texts
from ditto.stages import lineage
from ditto.store import write_atomically
from ditto.study import Cell

log = logging.getLogger(__name__)


def run(
    root: Path,
    cells: Sequence[Cell],
    artifacts: Mapping[Entry, str],
    lines: Sequence[Line],
    report: Json,
    folder: Path,
) -> Path:
    """Write the page of the study whose report, with `lines` as its matrix, is in `folder`; returns its path."""
    rows = {entry: texts(root, entry, name) for entry, name in artifacts.items()}
    benchmarks = {row.benchmark: row.sessions for row in rows.values() if row}
    numbers = {name: f"benchmark-{i}" for i, name in enumerate(benchmarks)}
    study = {
        "study": folder.name,
        **_matrix(cells, lines),
        **{name: report[name] for name in ("missing", "findings", "pgr")},
        "rows": [
            {**asdict(entry), "benchmark": numbers[row.benchmark] if row else None} for entry, row in rows.items()
        ],
        "plan": _rows(folder / "plan.csv"),
        **_made(root, cells),
    }

    def chunks(cut: Cut) -> Mapping[str, Json]:
        asked = {numbers[name]: data.sessions_chunk(sessions, cut) for name, sessions in benchmarks.items()}
        return asked | {f"row-{i}": data.row_chunk(row, cut) for i, row in enumerate(rows.values()) if row}

    path = folder / "index.html"
    write_atomically(path, page(study, chunks))
    return path


def texts(root: Path, entry: Entry, name: str) -> Texts | None:
    """A row's texts; None where what it was made from is no longer there, which is told."""
    try:
        found = lineage.judged(root, name)
    except StoreError as error:
        log.warning("%s The page shows the row without its texts.", error)
        return None
    return Texts(
        entry,
        found.benchmark.name,
        read_jsonl(found.benchmark / "sessions.jsonl", Session),
        read_jsonl(found.answers / "answers.jsonl", Answer),
        read_jsonl(found.path / "verdicts.jsonl", Verdict),
    )


def _matrix(cells: Sequence[Cell], lines: Sequence[Line]) -> Json:
    from ditto.report import figures

    seeds = list(dict.fromkeys(c.seed for c in cells))
    by_size = sorted({(c.supervisor_parameters or float("inf"), c.supervisor) for c in cells})
    supervisors = [s for _, s in by_size]
    return {
        "seeds": seeds,
        "supervisors": supervisors,
        "metrics": [
            {"name": m, "unit": figures.UNIT[m], "range": figures.RANGE[m]}
            for m in measured(line.metric for line in lines)
        ],
        "matrix": data.matrix_rows(lines),
        "scale": figures.scale(),
        "colours": figures.COLOURS,
    }


def _made(root: Path, cells: Sequence[Cell]) -> Json:
    """Every artifact once, and for each cell the names of those that it was made from."""
    lines = [list(lineage.ancestors(root, c.rows.values())) for c in cells]
    manifests = {path: lineage.manifest(path) for path in sorted({path for line in lines for path in line})}
    names = data.model_names(manifests.values())
    return {
        "cells": [
            asdict(c) | {"artifacts": [_name(path) for path in line]} for c, line in zip(cells, lines, strict=True)
        ],
        "artifacts": {_name(path): data.artifact(manifest, names) for path, manifest in manifests.items()},
        "curves": {
            _name(path): {"training": _curve(path / "loss.csv"), "validation": _curve(path / "validation.csv")}
            for path in manifests
            if path.parent.name == "tune"
        },
    }


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _curve(file: Path) -> Json | None:
    """The losses of a tuning; None where it left none."""
    losses = [(int(row["step"]), float(row["loss"])) for row in _rows(file)]
    return data.curve(losses) if losses else None


def _rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; none where there is no file."""
    if not file.is_file():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
