"""Studies as a launch leaves them, made without a model: the artifacts of every stage, and the cells that name them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ditto import study
from ditto.records import Answer, Character, Claim, Metric, Question, Session, Verdict, write_jsonl
from ditto.run import CONF
from ditto.store import Artifact, Recipe, Store

USAGE = {"prompt_tokens": 1200, "completion_tokens": 340, "cached_tokens": 0, "cacheable_tokens": 0, "dollars": 0.25}
Text = Callable[[str, Session, int], str | None]
Votes = Callable[[str, Session, int, Metric], Sequence[float | None]]


def config(root: Path, *overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [f"paths.root={root}", "report.figures=false", *overrides])


def role(n: int, lang: str = "en", **more: Any) -> Character:
    return Character(id=f"q{n}", lang=lang, label=f"Role {n}", description="a potter", **more)


def session(character: Character, n_turns: int = 4) -> Session:
    """Questions of its own and of another's by turns."""
    claim = Claim(id="p1", property="home", value="Delft")
    questions = [
        Question(
            query=f"Where do you live, asked {turn}?", reject=bool(turn % 2), evidence=() if turn % 2 else (claim,)
        )
        for turn in range(n_turns)
    ]
    return Session(character=character, candidates=(character, role(99)), questions=tuple(questions))


def said(row: str, session: Session, turn: int) -> str | None:
    return f"{row} says: {session.character.label} lives in Delft ({turn})."


def voted(row: str, session: Session, turn: int, metric: Metric) -> Sequence[float | None]:
    """What is right by and large, and differs between rows."""
    good = (len(row) + int(session.character.id[1:]) + turn + len(metric)) % 3
    return [1.0 + 4 * good if metric == "knowledge" else float(good > 0)]


@dataclass(frozen=True)
class Made:
    """A study of `models`, each tuned on each but for the cells to `skip`."""

    cfg: DictConfig
    models: Sequence[str]
    sessions: Sequence[Session]
    text: Text = said
    votes: Votes = voted
    reason: str = "as the judge sees it"
    transcript: str = ""
    skip: Collection[tuple[str, str]] = ()
    losses: bool = True

    def save(self) -> Path:
        """Write its artifacts; returns the folder of its cells."""
        people = self._kept("characters", "all", {}, {}, {})
        asked = self._kept("benchmark", "all", {}, {"characters": people.key}, {"sessions": self.sessions})
        folder = study.folder(self.cfg)
        for seed in self.models:
            for supervisor in self.models:
                if (seed, supervisor) not in self.skip:
                    folder = self._cell(seed, supervisor, asked)
        return folder

    def _cell(self, seed: str, supervisor: str, asked: Artifact) -> Path:
        simulated = self._kept("simulate", supervisor, {"supervisor": supervisor}, {}, {}, usage=True)
        tuned = self._tuned(f"{seed}-on-{supervisor}", simulated)
        rows = {
            "base": self._row(f"base-{seed}", asked, {}),
            "supervision": self._row(f"supervision-{supervisor}", asked, {}),
            "imitation": self._row(f"imitation-{seed}-on-{supervisor}", asked, {"tune": tuned.key}),
        }
        sizes = [10 * (self.models.index(model) + 1) for model in (seed, supervisor)]
        return study.save(self.cfg, study.Cell(seed, supervisor, *sizes, rows))

    def _row(self, name: str, asked: Artifact, tuned: Mapping[str, str]) -> str:
        turns = [(s, turn) for s in self.sessions for turn in range(len(s.questions))]
        answers = [
            Answer(character=s.character.id, lang=s.character.lang, turn=t, text=text, reason="" if text else "refused")
            for s, t in turns
            for text in [self.text(name, s, t)]
        ]
        settings = {"with_profile": name.startswith("supervision"), "model": None if tuned else name, "prompts": {}}
        inputs = {"benchmark": asked.key, **tuned}
        answered = self._kept("answer", name, settings, inputs, {"answers": answers}, usage=True)
        verdicts = [v for s, t in turns for v in self._verdicts(name, s, t)]
        judge = {"judge": "scripted"}
        return self._kept("judge", name, judge, {"answer": answered.key}, {"verdicts": verdicts}).path.name

    def _verdicts(self, name: str, s: Session, turn: int) -> list[Verdict]:
        return [
            Verdict(
                character=s.character.id,
                lang=s.character.lang,
                turn=turn,
                metric=metric,
                sample=sample,
                value=value,
                reason=self.reason,
                transcript=self.transcript,
            )
            for metric in s.metrics
            if metric != "knowledge" or s.questions[turn].evidence
            for sample, value in enumerate(self.votes(name, s, turn, metric))
        ]

    def _tuned(self, name: str, simulated: Artifact) -> Artifact:
        def produce(folder: Path) -> Mapping[str, Any]:
            if self.losses:
                lines = [f"{step},{1 / step:.6f}\n" for step in range(1, 21)]
                (folder / "loss.csv").write_text("step,loss\n" + "".join(lines), "utf-8")
            return {"steps": 20, "trained": 1000}

        recipe = Recipe("tune", name, 1, {"tuning": {"lr": 0.1, "label": name}}, {"simulate": simulated.key})
        return Store(self.cfg.paths.root).make(recipe, produce)

    def _kept(
        self,
        stage: str,
        label: str,
        settings: Mapping[str, Any],
        inputs: Mapping[str, str],
        records: Mapping[str, Sequence[Any]],
        *,
        usage: bool = False,
    ) -> Artifact:
        def produce(folder: Path) -> Mapping[str, Any]:
            counts = {name: write_jsonl(folder / f"{name}.jsonl", rows) for name, rows in records.items()}
            return counts | ({"requested": 10, "usage": USAGE} if usage else {})

        return Store(self.cfg.paths.root).make(Recipe(stage, label, 1, settings, inputs), produce)
