"""From the configuration to models that can be talked to, each with its role and what was said before."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from omegaconf import DictConfig
from transformers.utils import logging

from ditto.chat import models, saved
from ditto.chat.command import Arguments
from ditto.chat.roles import Cast, Role, from_artifacts
from ditto.chat.speaker import Speaker
from ditto.chat.talk import Talk, Turn
from ditto.config import build, typed
from ditto.engines.base import Request, Sampling
from ditto.engines.streaming import StreamingEngine
from ditto.errors import ConfigError
from ditto.records import Character
from ditto.stages.engine import engine_for

HELLO: Final = Request(({"role": "user", "content": "."},), Sampling(max_tokens=1))


@contextmanager
def opened(cfg: DictConfig, given: Arguments) -> Iterator[tuple[list[Talk], Cast]]:
    """One talk for each model, and the characters that they may play; local weights are loaded by then.

    Raises:
        DittoError: the first thing that cannot be meant or used.
    """
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    sampling = typed(cfg.answer, Sampling)
    if sampling.n != 1:
        raise ConfigError(f"answer.n={sampling.n}: a conversation goes on from one reply.")
    before = _loaded(cfg, given)
    cast = Cast(_characters(cfg, given), cfg.prompts.pack)
    role = before[0].role if before else _role(cfg, cast)
    names = [name for name in (cfg.model, cfg.other) if name]
    if before and "model" not in given.literal:
        names = [one.model for one in before]
    with ExitStack() as stack:
        speakers = [stack.enter_context(_speaker(cfg, name, sampling, second=i > 0)) for i, name in enumerate(names)]
        yield [Talk(s, role, t) for s, t in zip(speakers, _turns(before, len(names)), strict=True)], cast


@contextmanager
def _speaker(cfg: DictConfig, name: str, sampling: Sampling, *, second: bool) -> Iterator[Speaker]:
    node = (second and cfg.get("other_engine")) or cfg.engine
    served = "base_url" in node
    with engine_for(node, models.find(name, Path(cfg.paths.root), cfg.study, served=served)) as engine:
        if not isinstance(engine, StreamingEngine):
            kind = type(engine).__name__
            raise ConfigError(f"{kind} cannot stream: serve the model (`vllm serve`) and take engine=openai.")
        if not served:
            list(engine.stream(HELLO, Event()))  # loads the weights before anybody waits for them
        yield Speaker(name, engine, sampling)


def _characters(cfg: DictConfig, given: Arguments) -> Sequence[Character]:
    """Those of the cell's study, or of all under the root; the source's where it is named, or there are none."""
    named = any(word.startswith(("characters=", "characters.")) for word in given.overrides)
    root = Path(cfg.paths.root)
    cells = [folder for name in (cfg.model, cfg.other) if name and (folder := models.asked(name, root, cfg.study))]
    folders = cells or sorted((root / "characters").glob("*-*"))
    if not named and (found := from_artifacts(folders)):
        return found
    split = build(cfg.characters).split()
    return (*split.test, *split.train)


def _role(cfg: DictConfig, cast: Cast) -> Role:
    return cast.find(cfg.character, cfg.lang) if cfg.character else cast.first(cfg.lang)


def _loaded(cfg: DictConfig, given: Arguments) -> list[saved.Saved]:
    if not cfg.load:
        return []
    if cfg.character:
        raise ConfigError("load= brings its own character: leave character= out, or /role switches to another.")
    return saved.read(Path(cfg.load).expanduser())


def _turns(before: Sequence[saved.Saved], n: int) -> list[list[Turn]]:
    """What each of `n` models has said before; one conversation is given to all of them."""
    rows = [[Turn(query, reply) for query, reply in one.turns] for one in before] or [[]]
    if len(rows) == 1:
        return [[Turn(t.query, t.reply) for t in rows[0]] for _ in range(n)]
    if len(rows) != n:
        raise ConfigError(f"The file has {len(rows)} conversations, and {n} model is named: name as many, or none.")
    return rows
