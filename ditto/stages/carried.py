"""Judge answers that were given elsewhere, in upstream's files: `python -m ditto.run +experiment=judge_answers ...`."""

import logging
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.errors import ConfigError, DataError
from ditto.evaluate import upstream
from ditto.evaluate.aggregate import faithful_table
from ditto.evaluate.upstream import Scored
from ditto.records import Answer, Verdict, read_jsonl, write_jsonl
from ditto.report import terminal
from ditto.report.matrix import METRICS, Entry, Line, matrix, to_csv
from ditto.stages import benchmark, characters, judge
from ditto.stages.check import check_names
from ditto.store import Artifact, Recipe, Store, write_atomically

log = logging.getLogger(__name__)
VERSION: Final = 1
NOTHING: Final = float("nan")


def run(cfg: DictConfig) -> Path:
    """Judge each file of `given`; returns `<root>/report/<study>`. A scored file's own scores stand beside ours."""
    check_names(cfg)
    files = [Path(file) for file in cfg.given]
    if len({file.stem for file in files}) < max(len(files), 1):
        raise ConfigError(
            f"given={list(cfg.given)} must name the files to judge, each by another name: given=[one.jsonl,two.jsonl]."
        )
    judge.check_judge(cfg.judge)
    store = Store(cfg.paths.root)
    tests = benchmark.run(cfg, store, characters.run(cfg, store))
    judge.check_metrics(cfg.judge, tests.sessions)
    judged, scored = {}, list[Line]()
    for file in files:
        made = judge.run(cfg, store, tests, _answers(store, tests, file), f"given-{file.stem}")
        judged[Entry("base", file.stem, "")] = read_jsonl(made.path / "verdicts.jsonl", Verdict)
        scored += _scored(file)
    lines = [*matrix(judged, cfg.report.aggregation), *scored]
    folder: Path = Path(cfg.paths.root) / "report" / cfg.study.name
    write_atomically(folder / "matrix.csv", to_csv(lines))
    terminal.show(lines, [], cfg.study.name)
    log.info("%-11s %s", "report", folder)
    return folder


def _answers(store: Store, tests: benchmark.Loaded, file: Path) -> Artifact:
    """The file's answers to the benchmark's questions."""
    settings = {"file": sha256(upstream.content(file)).hexdigest()}
    recipe = Recipe("answer", f"given-{file.stem}", VERSION, settings, {"benchmark": tests.artifact.key})

    def produce(folder: Path) -> Mapping[str, Any]:
        asked = {(s.character.id, s.character.lang): len(s.questions) for s in tests.sessions}
        answers = upstream.answers(file)
        if unknown := [a for a in answers if a.turn >= asked.get((a.character, a.lang), 0)]:
            who = unknown[0]
            raise DataError(
                f"{file} answers turn {who.turn} of {who.character}, which the benchmark does not ask: "
                "give the input file that it was made from as benchmark.path."
            )
        missing = len(asked) - len({(a.character, a.lang) for a in answers})
        if missing:
            log.warning(
                "%s answers for %d of %d roles: the others are in no number.", file, len(asked) - missing, len(asked)
            )
        return {"answers": write_jsonl(folder / "answers.jsonl", map(_said, answers)), "roles without answers": missing}

    return store.make(recipe, produce)


def _said(answer: Answer) -> Answer:
    if answer.text and answer.text.strip():
        return answer
    return Answer(character=answer.character, lang=answer.lang, turn=answer.turn, text=None, reason="empty")


def _scored(file: Path) -> list[Line]:
    """Upstream's table of the scores that the file itself has; nothing where it has none."""
    if b'"consist_scores"' not in upstream.content(file):
        return []
    roles = upstream.read(file, Scored)
    turns = {lang: sum(len(r.prompts) for r in roles if lang in ("all", r.lang)) for lang in ("en", "zh", "all")}
    return [
        Line(
            "as scored",
            file.stem,
            "",
            language,
            metric,
            means[metric],
            NOTHING,
            NOTHING,
            turns[language],
            turns[language],
        )
        for language, means in faithful_table(roles).items()
        for metric in METRICS
    ]
