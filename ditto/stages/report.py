"""Stage `report`: the matrix of a study with its intervals, findings and figures."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from omegaconf import DictConfig

from ditto import study
from ditto.errors import ConfigError
from ditto.evaluate.labels import read_labels
from ditto.evaluate.upstream import export
from ditto.plan import kept
from ditto.records import Answer, Verdict, read_jsonl
from ditto.report import gaps, people, place, terminal
from ditto.report.findings import findings
from ditto.report.matrix import Aggregation, Entry, Judged, ReplicateLine, by_replicate, matrix, to_csv
from ditto.report.plain import without_nan
from ditto.report.recovered import Line as Recovered
from ditto.report.recovered import recovered
from ditto.stages import lineage
from ditto.store import verified, write_atomically
from ditto.study import Cell

log = logging.getLogger(__name__)
Artifacts = Mapping[Entry, str]  # the folder of each row's verdicts, in <root>/judge


def check_report(cfg: DictConfig) -> None:
    """See that what the report needs is there, before it takes hours to come to it.

    Raises:
        ConfigError: Inspect is not installed, there is no such study to take MT-Bench's verdicts from, or another
            value that cannot be meant.
        DataError: people's verdicts cannot be read.
    """
    if cfg.report.inspect and find_spec("inspect_ai") is None:
        raise ConfigError("report.inspect=true needs inspect_ai: pip install 'ditto-roleplay[inspect]'.")
    if cfg.report.aggregation not in get_args(Aggregation):
        raise ConfigError(
            f"report.aggregation={cfg.report.aggregation} is unknown: it is one of {', '.join(get_args(Aggregation))}."
        )
    if cfg.report.labels:
        read_labels(Path(cfg.report.labels))
    if cfg.report.upstream and not cfg.benchmark.get("_target_", "").endswith("WikiRole"):
        raise ConfigError("report.upstream=true needs benchmark=wikirole: upstream's format is its records' own.")
    if cfg.report.mt_bench:
        study.named(Path(cfg.paths.root), cfg.report.mt_bench)


def run(cfg: DictConfig, cells_folder: Path, name: str) -> Path:
    """Report on all cells of one study; returns the folder, `<root>/report/<name>`."""
    root, runs = Path(cfg.paths.root), study.load(cells_folder)
    folder = root / "report" / name
    cells = [c for c in runs if c.replicate == min(r.replicate for r in runs)]
    artifacts, everything = _artifacts(cells), _verdicts(root, _artifacts(runs))
    judged = {entry: everything[entry] for entry in artifacts}  # by one model each, as the other tables show it
    seeds = list(dict.fromkeys(c.seed for c in runs))
    parameters = {c.supervisor: c.supervisor_parameters for c in runs}
    supervisors = sorted(parameters, key=lambda name: (parameters[name] or math.inf, name))
    mark = place.mark([cells_folder], _artifacts(runs).values(), cfg.report.aggregation)
    place.clear(folder, mark)
    lines, found = matrix(everything, cfg.report.aggregation), findings(everything, seeds, supervisors)
    shares = recovered(everything, parameters | {c.seed: c.seed_parameters for c in runs})
    write_atomically(folder / "matrix.csv", to_csv(lines))
    if again := by_replicate(everything, cfg.report.aggregation):
        write_atomically(folder / "replicates.csv", to_csv(again, ReplicateLine))
    write_atomically(folder / "pgr.csv", to_csv(shares, Recovered))
    lacking = gaps.missing(runs, seeds, supervisors)
    report = {
        **mark,
        "study": name,
        "cells": [asdict(c) for c in runs],
        "missing": lacking,
        "matrix": [asdict(line) for line in lines],
        "findings": [asdict(f) for f in found],
        "pgr": [asdict(line) for line in shares],
    }
    write_atomically(folder / place.FILE, json.dumps(without_nan(report), indent=2) + "\n")
    if cfg.report.figures:
        from ditto.report import figures

        figures.draw(lines, seeds, supervisors, folder)
    terminal.show(lines, found, name)
    for sentence in gaps.told(everything, lacking):
        log.warning(sentence)
    _asked_for(cfg, artifacts, judged, folder)
    kept.compare(root, cells_folder.name, folder)
    log.info("%-11s %s", "report", folder)
    if cfg.report.page:
        from ditto.stages import page

        path = page.run(root, runs, _artifacts(runs), lines, without_nan(report), folder)
        log.info("%-11s %s", "page", path)
    return folder


def _asked_for(cfg: DictConfig, artifacts: Artifacts, judged: Judged, folder: Path) -> None:
    """What `report` has switches for."""
    if cfg.report.main_table:
        _main_table(cfg, artifacts, judged, folder)
    if cfg.report.labels:
        lines_of_people = _people(Path(cfg.paths.root), Path(cfg.report.labels), artifacts, judged)
        write_atomically(folder / "people.csv", to_csv(lines_of_people, people.Line))
    if cfg.report.upstream:
        _carry(cfg, artifacts, folder / "upstream")
    if cfg.report.inspect:
        from ditto.stages import inspect_logs

        inspect_logs.run(cfg, artifacts.values(), folder / "inspect")


def verdicts(root: Path, cells: list[Cell]) -> Judged:
    """The verdicts on every row of the cells."""
    return _verdicts(root, _artifacts(cells))


def _artifacts(cells: list[Cell]) -> Artifacts:
    """Every judged row once, in the matrix's order."""
    entries = {Entry("base", c.seed, ""): c.rows["base"] for c in cells}
    entries |= {Entry("supervision", "", c.supervisor): c.rows["supervision"] for c in cells}
    entries |= {Entry("imitation", c.seed, c.supervisor, c.replicate): c.rows["imitation"] for c in cells}
    return entries


def _verdicts(root: Path, artifacts: Artifacts) -> Judged:
    paths = {entry: root / "judge" / artifact for entry, artifact in artifacts.items()}
    for path in paths.values():
        verified(path)
    return {entry: read_jsonl(path / "verdicts.jsonl", Verdict) for entry, path in paths.items()}


def _carry(cfg: DictConfig, artifacts: Artifacts, folder: Path) -> None:
    """Each row's answers in upstream's format, to be scored there or anywhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for artifact in artifacts.values():
        row = lineage.judged(Path(cfg.paths.root), artifact)
        file, answers = folder / f"{row.name}.jsonl", read_jsonl(row.answers / "answers.jsonl", Answer)
        done = export(Path(cfg.benchmark.path), answers, file, check_hash=cfg.benchmark.check_hash)
        left = f", {done.left_out} without an answer left out" if done.left_out else ""
        log.info("%-11s %s  %d roles%s", "upstream", file, done.written, left)


def _people(root: Path, file: Path, artifacts: Artifacts, judged: Judged) -> list[people.Line]:
    """The means put right by people's verdicts, of the rows whose answers they saw; each is told as well."""
    labels, lines = read_labels(file), list[people.Line]()
    for entry, artifact in artifacts.items():
        answers = read_jsonl(lineage.judged(root, artifact).answers / "answers.jsonl", Answer)
        lines += people.put_right(entry, judged[entry], answers, labels)
    for x in lines:
        model = f"{x.seed}{x.supervisor and '@' + x.supervisor}"
        put = f"{x.judge:.2f} by the judge, {x.value:.2f} [{x.ci_low:.2f}, {x.ci_high:.2f}] put right"
        log.info("%-11s %s %s %s: %s by %d labels", "people", x.row, model, x.metric, put, x.n_labelled)
    if not lines:
        log.warning("%s holds no verdict on an answer of this study: its texts must be the answers' own.", file)
    return lines


def _main_table(cfg: DictConfig, artifacts: Artifacts, judged: Judged, folder: Path) -> None:
    from ditto.report import main_table_text
    from ditto.report.main_table import Cell as TableCell
    from ditto.report.main_table import main_table, published

    graded = _graded(Path(cfg.paths.root), cfg.report.mt_bench, artifacts) if cfg.report.mt_bench else judged
    table = main_table(judged, graded, cfg.report.aggregation)
    write_atomically(folder / "main_table.csv", to_csv([*table.cells, *published()], TableCell))
    write_atomically(folder / "main_table.md", main_table_text.markdown(table, folder.name))
    main_table_text.show(table, f"{folder.name}: mean and 95% interval")


def _graded(root: Path, name: str, artifacts: Artifacts) -> Judged:
    """The verdicts of the study `name` on those of these rows that it has, too.

    Raises:
        ConfigError: there is no such study, or one of its models is another one of the same name.
    """
    others = _artifacts(study.load(study.named(root, name)))
    both = {entry: artifact for entry, artifact in others.items() if entry in artifacts}
    for entry, artifact in both.items():
        if lineage.judged(root, artifact).model != lineage.judged(root, artifacts[entry]).model:
            raise ConfigError(
                f"report.mt_bench={name}: {artifact} is not by the model of {artifacts[entry]}: "
                "run that study with the same models, characters, simulation and tuning."
            )
    return _verdicts(root, both)
