"""`judge=llm` with three votes a metric, against a loopback server of 500 ms a reply, in roles a minute.

A role has six turns, each judged on identity, knowledge and rejection: five requests, since only the votes on identity
differ in their prompts. Upstream's script starts ten roles a minute and asks each one's questions in turn.
"""

import tempfile
import time
from pathlib import Path
from random import Random

from benchmarks.loopback import serving
from ditto.engines.ask import Tally
from ditto.engines.openai import OpenAIEngine
from ditto.evaluate.case import cases
from ditto.evaluate.llm import LLMJudge, Voting
from ditto.journal import Journal
from ditto.models import Model
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.prompts import Prompts
from ditto.records import Answer

LATENCY = 0.5
CONCURRENCY = 64
UPSTREAM = 10.0  # roles a minute
VERDICT = '{"reason": "so", "choice": "A", "score": 7, "refuses": false}'


def run() -> list[tuple[str, float]]:
    """Roles a minute: ours, the limit of the server and the concurrency, and upstream's own pace."""
    sessions = NanoBenchmark(3, 3).sessions(NanoCharacters(n_train=2, n_test=40).split())
    answers = [
        Answer(character=s.character.id, lang=s.character.lang, turn=turn, text=question.reference)
        for s in sessions
        for turn, question in enumerate(s.questions)
    ]
    Random(0).shuffle(answers)
    prompts = {lang: Prompts("judge", lang, "judging") for lang in ("en", "zh")}
    with serving(LATENCY, VERDICT) as url, tempfile.TemporaryDirectory() as folder:
        engine = OpenAIEngine(
            Model(name="fixed", path="api:fixed"), base_url=url, key_env=None, concurrency=CONCURRENCY
        )
        start = time.perf_counter()
        verdicts = LLMJudge(engine, Voting(), prompts).judge(
            cases(sessions, answers), Journal(Path(folder) / "journal.jsonl"), Tally()
        )
        minutes = (time.perf_counter() - start) / 60
    assert all(verdict.value is not None for verdict in verdicts)
    prompted = len(verdicts) - 2 * sum(v.metric != "identity" and v.sample == 0 for v in verdicts)
    limit = len(sessions) * CONCURRENCY / LATENCY * 60 / prompted
    return [("judge=llm", len(sessions) / minutes), ("concurrency / latency", limit), ("upstream's script", UPSTREAM)]
