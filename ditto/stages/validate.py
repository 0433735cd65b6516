"""Put a judge to the test: `python -m ditto.run +experiment=validate_judge judge=llm ...`."""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.config import build
from ditto.engines.base import Usage
from ditto.evaluate.faults import faults
from ditto.evaluate.validation import Exam, validate
from ditto.records import Verdict, read_jsonl
from ditto.report import validation_terminal
from ditto.report.plain import without_nan
from ditto.stages import benchmark, characters, judge, plant
from ditto.stages.check import check_names
from ditto.store import Store, write_atomically

log = logging.getLogger(__name__)
THOUSAND: Final = 1000


def run(cfg: DictConfig) -> Path:
    """Judge planted answers and report on the judge; returns `<root>/report/<study>`."""
    check_names(cfg)
    build(cfg.characters)
    benchmark.check_benchmark(cfg.benchmark)
    judge.check_judge(cfg.judge)
    plant.check_plant(cfg)
    store = Store(cfg.paths.root)
    tests = benchmark.run(cfg, store, characters.run(cfg, store))
    judge.check_metrics(cfg.judge, tests.sessions)
    planted = plant.run(cfg, store, tests)
    judged = judge.run(cfg, store, planted.tests, planted.artifact, "planted")
    votes: dict[tuple[str, str, int], list[Verdict]] = defaultdict(list)
    for verdict in read_jsonl(judged.path / "verdicts.jsonl", Verdict):
        votes[verdict.character, verdict.lang, verdict.turn].append(verdict)
    found = validate([Exam(p, votes[p.answer.character, p.answer.lang, p.answer.turn]) for p in planted.planted])
    spent, told = per_thousand(judged.counts), faults(found)
    folder: Path = Path(cfg.paths.root) / "report" / cfg.study.name
    report = {"judge": judge.identity(cfg.judge), "faults": told, "a thousand verdicts": spent, **asdict(found)}
    write_atomically(folder / "validation.json", json.dumps(without_nan(report), indent=2, ensure_ascii=False) + "\n")
    validation_terminal.show(found, told, spent, cfg.study.name)
    log.info("%-11s %s", "report", folder)
    return folder


def per_thousand(counts: Mapping[str, Any]) -> dict[str, float]:
    """Tokens and dollars of a thousand verdicts on answers that there are; nothing of a judge that goes by rules."""
    members = [counts] if "usage" in counts else [c for c in counts.values() if isinstance(c, dict) and "usage" in c]
    names = list(Usage.__dataclass_fields__) if members else []
    asked = counts["verdicts"] - sum(n for reason, n in counts["unscored"].items() if reason.startswith("no answer"))
    return {name: THOUSAND * sum(m["usage"][name] for m in members) / max(asked, 1) for name in names}
