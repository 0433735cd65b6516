"""What several stages need of the configuration: an engine for a model, prompts for the languages.

The supervisor may have an engine of its own, such as a server: `engine@supervisor_engine=openai`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from omegaconf import DictConfig

from ditto.config import build
from ditto.engines.base import Engine
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.store import Artifact


def supervisors(cfg: DictConfig, tuned: Artifact | None = None) -> DictConfig:
    """The configuration of the engine that runs the supervisor; one that was `tuned` here runs as the seed does."""
    chosen: DictConfig = (cfg.get("supervisor_engine") if tuned is None else None) or cfg.engine
    return chosen


@contextmanager
def engine_for(node: DictConfig, model: Model) -> Iterator[Engine]:
    """The engine that `node` configures, for `model`; closed at the end, its memory free."""
    engine: Engine = build(node, model=model)
    try:
        yield engine
    finally:
        engine.close()


def load_prompts(cfg: DictConfig, languages: Iterable[str]) -> dict[str, Prompts]:
    """The prompts of `prompts.pack`, read and checked, for each language."""
    prompts = {lang: Prompts(cfg.prompts.pack, lang) for lang in languages}
    for one in prompts.values():
        assert one.texts
    return prompts
