"""What dashboards are told of a cell and of a report, from what these left on the disk."""

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from ditto import study
from ditto.config import plain
from ditto.dashboards.base import Outcome, Run, Table
from ditto.dashboards.secrets import without_secrets
from ditto.dashboards.telling import Telling, telling
from ditto.records import Answer, Session, Verdict, read_jsonl
from ditto.report.matrix import ALL, Line, matrix, measured
from ditto.report.page.data import flat
from ditto.stages import lineage
from ditto.stages.report import verdicts
from ditto.store import digest
from ditto.study import Cell

LONGEST: Final = 128  # characters of an id in W&B
Values = dict[str, Any]


def cell_run(cfg: DictConfig, seed: str, supervisor: str) -> AbstractContextManager[Telling | None]:
    """The run of a cell; None without a logger."""

    def run() -> Run:
        file = study.file(cfg, seed, supervisor, cfg.replicate)
        group, settings = file.parent.name, without_secrets(OmegaConf.to_container(cfg, resolve=True))
        return Run(_id(f"{group}-{file.stem}"), file.stem, _id(group), "cell", settings)

    return telling(cfg.get("logger"), run)


def tell_cell(told: Telling, cfg: DictConfig, cell: Cell) -> None:
    """Scores, what its artifacts took and counted, samples of the tuned model's answers, losses not told yet."""
    root = Path(cfg.paths.root)

    def outcome() -> Outcome:
        artifacts = list(lineage.ancestors(root, cell.rows.values()))
        losses = list(_losses(artifacts, "loss.csv"))
        samples = _samples(root, cell.rows["imitation"], told.samples)
        validation = Table("validation", ("step", "loss"), list(_losses(artifacts, "validation.csv")))
        scores = _scores(matrix(verdicts(root, [cell]), cfg.report.aggregation))
        return Outcome(
            len(losses) + 1,
            scores | _took(artifacts),
            [table for table in (samples, validation) if table.rows],
            figures={step: {"loss": loss} for step, loss in losses},
        )

    told.end(outcome)


def tell_report(cfg: DictConfig, folder: Path, studies: Sequence[Path]) -> None:
    """A run with the tables, findings and figures of the report in `folder`, which is of the cells in `studies`."""
    names = [path.name for path in studies]
    group = _id(names[0] if len(names) == 1 else f"{cfg.study.name}-{digest(names)}")
    config = {"study": folder.name, "studies": names, "report": plain(cfg.report)}

    def outcome() -> Outcome:
        report: Values = json.loads((folder / "report.json").read_text("utf-8"))
        findings = [flat(finding) for finding in report.get("findings", ())]
        tables = [
            _table(file.stem, csv.DictReader(file.read_text("utf-8").splitlines())) for file in _all(folder, "csv")
        ]
        tables.append(_table("findings", findings))
        summary = {
            "cells": len(report.get("cells", ())),
            **{f"{f['statement']}, {f['metric']}": f["verdict"] for f in findings},
        }
        return Outcome(0, summary, [table for table in tables if table.rows], _all(folder, "png"))

    with telling(
        cfg.get("logger"), lambda: Run(_id(f"{group}-summary"), folder.name, group, "summary", config)
    ) as told:
        if told:
            told.end(outcome)


def _id(name: str) -> str:
    """What W&B takes for an id."""
    text = re.sub(r"[^-.\w@+=]", "_", name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 13]}-{digest(text)}"


def _scores(lines: Iterable[Line]) -> Values:
    """Each row's means over all languages with their intervals; what was not scored is left out."""
    return {
        f"{line.row}/{line.metric}{end}": value
        for line in lines
        if line.language == ALL
        for end, value in (("", line.value), ("_low", line.ci_low), ("_high", line.ci_high))
        if not math.isnan(value)
    }


def _took(artifacts: Iterable[Path]) -> Values:
    """Seconds and counts of each stage, of answers and verdicts by row; of several rounds the sum and the last."""
    seconds, counts = Counter[str](), Values()
    for path in artifacts:
        made = lineage.manifest(path)
        row = made["label"].partition("-")[0]
        name = f"{made['stage']}/{row}" if made["stage"] in ("answer", "judge") else made["stage"]
        seconds[f"seconds/{name}"] += made["seconds"]
        counts |= {f"counts/{name}/{what.replace('.', '/')}": n for what, n in flat(made["counts"]).items()}
    return {**seconds, **counts}


def _samples(root: Path, name: str, n: int) -> Table:
    """The first `n` turns with their answers and verdicts; several votes on one are averaged."""
    row = lineage.judged(root, name)
    answers = {(a.character, a.lang, a.turn): a for a in read_jsonl(row.answers / "answers.jsonl", Answer)}
    votes = dict[tuple[str, str, int, str], list[Verdict]]()
    for v in read_jsonl(row.path / "verdicts.jsonl", Verdict):
        votes.setdefault((v.character, v.lang, v.turn, v.metric), []).append(v)
    metrics = measured(metric for *_, metric in votes)
    sessions = read_jsonl(row.benchmark / "sessions.jsonl", Session)
    rows = list[list[Any]]()
    for session, turn in [(s, turn) for s in sessions for turn in range(len(s.questions))][:n]:
        who, question = session.character, session.questions[turn]
        place = (who.id, who.lang, turn)
        answer = answers.get(place)
        judged = [x for metric in metrics for x in _judged(votes.get((*place, metric), ()))]
        rows.append([who.label, who.lang, question.query, question.reject, answer and answer.text, *judged])
    columns = [name for metric in metrics for name in (metric, f"{metric}_reason")]
    return Table("samples", ["role", "language", "question", "reject", "answer", *columns], rows)


def _judged(votes: Sequence[Verdict]) -> tuple[float | None, str]:
    values = [v.value for v in votes if v.value is not None]
    return fmean(values) if values else None, "\n".join(v.reason for v in votes)


def _losses(artifacts: Iterable[Path], name: str) -> Iterator[tuple[int, float]]:
    """The losses in the tunings' files of that name; those of a later round follow on."""
    before = 0
    for path in artifacts:
        if path.parent.name != "tune":
            continue
        if (path / name).is_file():
            with (path / name).open(newline="", encoding="utf-8") as lines:
                yield from ((before + int(line["step"]), float(line["loss"])) for line in csv.DictReader(lines))
        before += lineage.manifest(path)["counts"]["steps"]


def _all(folder: Path, ending: str) -> list[Path]:
    return sorted(folder.glob(f"*.{ending}"))


def _table(name: str, rows: Iterable[Values]) -> Table:
    lines = list(rows)
    columns = list(dict.fromkeys(column for line in lines for column in line))
    return Table(name, columns, [[_number(line.get(column)) for column in columns] for line in lines])


def _number(value: Any) -> Any:
    """A number that a CSV file has as text; None for an empty field."""
    if value == "":
        return None
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
