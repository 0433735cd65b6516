"""Telling a run to a dashboard: from when there is something to tell, once, and never at the cost of the study."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Final

from omegaconf import DictConfig

from ditto.config import build, one_line
from ditto.dashboards.base import Board, Dashboard, Outcome, Run
from ditto.dashboards.figures import Figures, Values
from ditto.store import digest, write_atomically

log = logging.getLogger(__name__)
FIGURES: Final = "metrics.csv"
TOLD: Final = "told.json"  # the digest of the outcome that each dashboard has


class Telling:
    """`run` on `dashboard`, which opens with the first thing told and hears then the figures of earlier jobs.

    An error of the dashboard, its network or its disk is a warning, and it is told nothing more.
    """

    def __init__(self, dashboard: Dashboard, run: Run) -> None:
        self.run, self.samples = run, dashboard.samples
        self._dashboard = dashboard
        self._folder = Path(dashboard.folder) / run.id
        self._figures = Figures(self._folder / FIGURES)
        self._board: Board | None = None
        self._failed = False

    def metrics(self, step: int, values: Values) -> None:
        def tell() -> None:
            self._figures.add(step, values)
            if not self._failed:
                self._opened(step).metrics(step, values)

        self._try(tell)

    def end(self, make: Callable[[], Outcome]) -> None:
        """Tell the outcome unless this one has been told."""

        def tell() -> None:
            outcome = make()
            added = self._figures.fill(outcome.figures)
            if self._board:
                for step, values in added.items():
                    self._board.metrics(step, values)
            mark = digest([asdict(self.run), asdict(outcome) | {"images": [_hash(f) for f in outcome.images]}])
            if self._told().get(self._kind) == mark:
                return
            board = self._opened(outcome.step)
            board.summary(outcome.step, outcome.summary)
            for table in outcome.tables:
                board.table(outcome.step, table)
            for file in outcome.images:
                board.image(outcome.step, file)
            write_atomically(self._folder / TOLD, json.dumps(self._told() | {self._kind: mark}) + "\n")

        if not self._failed:
            self._try(tell)

    def close(self, *, failed: bool) -> None:
        self._figures.close()
        if board := self._board:
            self._try(lambda: board.close(failed=failed))

    @property
    def _kind(self) -> str:
        return type(self._dashboard).__name__

    def _opened(self, step: int) -> Board:
        """The board; a new one has been told the figures before `step`."""
        if self._board is None:
            self._board = self._dashboard.open(self.run)
            for at, values in self._figures.read().items():
                if at < step:
                    self._board.metrics(at, values)
        return self._board

    def _told(self) -> dict[str, str]:
        file = self._folder / TOLD
        told: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return told

    def _try(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:  # every dashboard has errors of its own
            if not self._failed:
                log.warning(
                    "%s cannot be told of %s, and the study goes on: %s", self._kind, self.run.id, one_line(error)
                )
            self._failed = True


@contextmanager
def telling(node: DictConfig | None, run: Callable[[], Run]) -> Iterator[Telling | None]:
    """The run on the dashboard of the node `logger`, ended on the way out; None without a dashboard."""
    if not node:
        yield None
        return
    told = Telling(build(node), run())
    try:
        yield told
    except BaseException:
        told.close(failed=True)
        raise
    told.close(failed=False)


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
