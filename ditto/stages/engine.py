"""What several stages need of the configuration: an engine for a model, prompts for the languages."""

from collections.abc import Iterable

from omegaconf import DictConfig

from ditto.config import build
from ditto.engines.base import Engine
from ditto.models import Model
from ditto.prompts import Prompts


def load_engine(cfg: DictConfig, model: Model) -> Engine:
    """The engine that `engine=` names, for `model`."""
    engine: Engine = build(cfg.engine, model=model)
    return engine


def load_prompts(cfg: DictConfig, languages: Iterable[str]) -> dict[str, Prompts]:
    """The prompts of `prompts.pack`, read and checked, for each language."""
    prompts = {lang: Prompts(cfg.prompts.pack, lang) for lang in languages}
    for one in prompts.values():
        assert one.texts
    return prompts
