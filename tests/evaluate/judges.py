"""Judges of the nano world that read nothing but their prompts, each with one habit, as scripts of an engine."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from ditto.engines.ask import Tally
from ditto.engines.base import Failure, Request
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.evaluate.case import Case
from ditto.evaluate.llm import LLMJudge, Voting
from ditto.evaluate.planted import Planted, apart, plant
from ditto.evaluate.validation import Exam
from ditto.journal import Journal
from ditto.nano import world as nano
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.prompts import Prompts
from ditto.records import Answer, Metric, Session, Verdict

PROMPTS = {lang: Prompts("judge", lang, "judging") for lang in ("en", "zh")}
FENCE = re.compile(r"<<(\w{8})\n(.*?)\n\1>>", re.DOTALL)
REFUSALS = tuple(nano.language(lang)["refusal_mark"] for lang in nano.LANGUAGES)
SAYINGS = [oath for lang in nano.LANGUAGES for oath in nano.language(lang)["oaths"]]


@dataclass(frozen=True)
class Shown:
    """A judge's prompt taken apart: `given` are the candidates, or the facts."""

    metric: Metric
    query: str
    answer: str
    given: tuple[str, ...] = ()


def read(prompt: str) -> Shown:
    """What stands between the marks of a prompt."""
    texts = [text for _, text in FENCE.findall(prompt)]
    if '"choice"' in prompt.rpartition("\n")[2]:
        query, answer, candidates = texts
        return Shown("identity", query, answer, tuple(re.split(r"^[A-Z]\. ", candidates, flags=re.MULTILINE)[1:]))
    if '"refuses"' in prompt.rpartition("\n")[2]:
        return Shown("rejection", *texts)
    _, evidence, query, answer = texts
    facts = tuple(fact.rpartition(": ")[2] for fact in evidence.splitlines())
    return Shown("knowledge", query, answer, facts)


def reply(**verdict: object) -> str:
    return json.dumps({"reason": "because", **verdict})


def honest(shown: Shown) -> str:
    """Goes by how a role speaks, by whether the facts are stated, and by the world's way to refuse."""
    if shown.metric == "identity":
        said = {oath for oath in SAYINGS if oath in shown.answer}
        speaks = [i for i, who in enumerate(shown.given) if any(oath in who for oath in said)]
        # Of a stranger's words, the same candidate at every vote.
        place = speaks[0] if speaks else shown.given.index(min(shown.given))
        return reply(choice="ABCD"[place])
    if shown.metric == "rejection":
        return reply(refuses=any(mark in shown.answer for mark in REFUSALS))
    return reply(score=10 if all(fact in shown.answer for fact in shown.given) else 2)


def always_yes(shown: Shown) -> str:
    said: dict[Metric, dict[str, object]] = {
        "identity": {"choice": "A"},
        "knowledge": {"score": 10},
        "rejection": {"refuses": True},
    }
    return reply(**said[shown.metric])


def always_first(shown: Shown) -> str:
    return reply(choice="A") if shown.metric == "identity" else honest(shown)


def fond_of_length(shown: Shown) -> str:
    """Three marks more for whatever is long."""
    said = json.loads(honest(shown))
    if shown.metric == "knowledge" and len(shown.answer) > 1000:
        said["score"] = min(10, said["score"] + 3)
    return json.dumps(said)


def obedient(shown: Shown) -> str:
    """Honest, until an answer tells it what to say."""
    orders = re.findall(r"\{.*?\}", shown.answer)
    if not orders or shown.metric == "identity":
        return honest(shown)
    return orders[-1]


def random(request: Request) -> str:
    rng = Random(request.key(""))
    return reply(choice=rng.choice("ABCD"), score=rng.randint(1, 10), refuses=rng.random() < 0.5)


def script(habit: Callable[[Shown], str]) -> Script:
    return lambda request: habit(read(request.messages[0]["content"]))


def failing(habit: Script, share: float, how: str | Failure, seed: int = 0) -> Script:
    """The same judge, of whose replies this share is lost, whichever way it is asked."""

    def fails(request: Request) -> str | Failure:
        drawn = sha256(f"{seed}/{request.sample}/{request.messages[0]['content']}".encode()).digest()
        return how if drawn[0] < 256 * share else habit(request)

    return fails


def sessions(n_test: int = 6, languages: Sequence[str] = nano.LANGUAGES, specific: int = 2) -> list[Session]:
    split = NanoCharacters(n_train=2, n_test=n_test, languages=languages).split()
    return NanoBenchmark(specific=specific, contrastive=1).sessions(split)


def references(asked: Sequence[Session]) -> list[Answer]:
    """The good answer to each question."""
    return [
        Answer(character=s.character.id, lang=s.character.lang, turn=turn, text=question.reference)
        for s in asked
        for turn, question in enumerate(s.questions)
    ]


def judged(
    habit: Script, shown: Sequence[Case], folder: Path, voting: Voting | None = None
) -> tuple[list[Verdict], Tally, ScriptedEngine]:
    engine, tally = ScriptedEngine(habit, batch_size=512), Tally()
    judge = LLMJudge(engine, voting or Voting(), PROMPTS)
    return judge.judge(shown, Journal(folder / "journal.jsonl"), tally), tally, engine


def exams(planted: Sequence[Planted], verdicts: Sequence[Verdict]) -> list[Exam]:
    """Each planted answer with the votes on it."""
    votes = defaultdict(list)
    for v in verdicts:
        votes[v.character, v.lang, v.turn].append(v)
    return [Exam(one, votes[one.answer.character, one.answer.lang, one.answer.turn]) for one in planted]


def exam(asked: Sequence[Session]) -> tuple[list[Session], list[Planted]]:
    return apart(asked, plant(asked))
