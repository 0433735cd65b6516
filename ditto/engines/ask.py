"""Ask an engine through a journal, with progress, and account for every request."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ditto.engines.base import Completion, Engine, Failure, Request, Result
from ditto.errors import StageError
from ditto.journal import Journal
from ditto.progress import Progress


@dataclass
class Tally:
    """Counts that must add up: requested = done + failed, each failure with its reason."""

    requested: int = 0
    done: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        self.requested += 1
        if isinstance(result, Failure):
            self.failed[result.reason] += 1
        else:
            self.done += 1

    def counts(self) -> Mapping[str, int | dict[str, int]]:
        """The counts for a manifest.

        Raises:
            StageError: they do not add up.
        """
        if self.requested != self.done + self.failed.total():
            raise StageError(
                f"Requests are lost: {self.requested} asked, {self.done} done, {dict(self.failed)} failed."
            )
        return {"requested": self.requested, "done": self.done, "failed": dict(sorted(self.failed.items()))}


def ask(engine: Engine, requests: Sequence[Request], journal: Journal, tally: Tally, title: str) -> list[Result]:
    """Get a result for each request, in order: from the journal, or from the engine and then stored.

    Equal requests are asked once. Failures are counted and never stored.
    """
    keys = [request.key(engine.identity) for request in requests]
    missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in journal}
    found: dict[str, Result] = {}
    with Progress(title, total=len(missing)) as progress:
        todo = list(missing)
        for batch in engine.generate(list(missing.values())):
            found |= {todo[i]: result for i, result in batch}
            journal.append((todo[i], missing[todo[i]], result) for i, result in batch if isinstance(result, Completion))
            progress.advance(len(batch))
    results = [journal.get(key) or found.get(key) or Failure("no reply") for key in keys]
    for result in results:
        tally.add(result)
    return results
