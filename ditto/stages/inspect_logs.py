"""The rows of a study as Inspect logs, `<report>/inspect/<row>-<model>.eval`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from omegaconf import DictConfig

from ditto.evaluate.case import cases
from ditto.prompts import Prompts
from ditto.records import Answer, Session, Verdict, read_jsonl
from ditto.report import inspect_log
from ditto.simulate.responses import brief
from ditto.stages import lineage
from ditto.stages.engine import load_prompts
from ditto.store import verified


def run(cfg: DictConfig, artifacts: Iterable[str], folder: Path) -> None:
    """Write a log for each of these artifacts of verdicts."""
    from inspect_ai.log import write_eval_log

    folder.mkdir(parents=True, exist_ok=True)
    for artifact in artifacts:
        found = lineage.judged(Path(cfg.paths.root), artifact)
        # Not as JSON, which Inspect's viewer lists only under a name that begins with a date.
        write_eval_log(inspect_log.log(_row(cfg, found)), str(folder / f"{found.name}.eval"))


def _row(cfg: DictConfig, found: lineage.Judged) -> inspect_log.Judged:
    manifest, settings = verified(found.path), found.answered
    sessions = read_jsonl(found.benchmark / "sessions.jsonl", Session)
    shown = cases(sessions, read_jsonl(found.answers / "answers.jsonl", Answer))
    prompts = _introductions(cfg, settings["prompts"])
    return inspect_log.Judged(
        name=found.name,
        key=manifest["key"],
        made=manifest["made"],
        benchmark=found.benchmark.name,
        cases=shown,
        told=["" if settings["with_profile"] else _told(case.session, prompts) for case in shown],
        verdicts=read_jsonl(found.path / "verdicts.jsonl", Verdict),
        in_conversation=not settings["with_profile"],
        settings={"answers": settings, "verdicts": manifest["settings"]},
    )


def _introductions(cfg: DictConfig, digests: Mapping[str, str]) -> Mapping[str, Prompts]:
    """The prompts that the answers were made with; none where the configuration has others by now."""
    prompts = load_prompts(cfg, digests)
    return prompts if all(prompts[lang].digest == digest for lang, digest in digests.items()) else {}


def _told(session: Session, prompts: Mapping[str, Prompts]) -> str:
    """The system message; nothing where it is not known any more. A whole profile is not repeated."""
    if session.system is not None:
        return session.system
    return brief(session.character, prompts) if prompts else ""
