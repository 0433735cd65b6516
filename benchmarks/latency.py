"""`engine=openai` against a loopback server that takes a fixed time for every reply.

The limit is concurrency / latency; whatever is missing to it is ours (and the server's, which runs on
the same machine).
"""

import tempfile
import time
from pathlib import Path

from benchmarks.loopback import serving
from ditto.engines.ask import Tally, ask
from ditto.engines.base import Request, Sampling
from ditto.engines.openai import OpenAIEngine
from ditto.journal import Journal
from ditto.models import Model

LATENCY = 0.25
CONCURRENCY = 64
REQUESTS = 2048


def run() -> list[tuple[str, float]]:
    """Requests a second through journal and engine, beside the limit."""
    requests = [Request(({"role": "user", "content": f"request {i}"},), Sampling()) for i in range(REQUESTS)]
    with serving(LATENCY, "Aye.") as url, tempfile.TemporaryDirectory() as folder:
        engine = OpenAIEngine(
            Model(name="fixed", path="api:fixed"), base_url=url, key_env=None, concurrency=CONCURRENCY
        )
        start = time.perf_counter()
        ask(engine, requests, Journal(Path(folder) / "journal.jsonl"), Tally(), "")
        ours = REQUESTS / (time.perf_counter() - start)
    return [("engine and journal", ours), ("concurrency / latency", CONCURRENCY / LATENCY)]
