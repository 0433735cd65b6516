"""Every file of the configuration composes, and every `_target_` takes exactly what its file gives it."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from ditto.config import plain
from ditto.models import Model
from ditto.run import CONF

FILES = sorted(f.relative_to(CONF) for f in CONF.rglob("*.yaml"))
# What a file leaves to its user.
GIVEN = {
    "benchmark/mt_bench_roleplay": ["benchmark.path=question.jsonl"],
    "benchmark/wikirole": ["benchmark.path=roles.jsonl"],
    "characters/add": ["characters.add=[Q42]"],
    "characters/jsonl": ["characters.path=people.jsonl"],
    "characters/wikidata_dump": ["characters.entities=all.json.gz", "characters.pages={en: enwiki.xml.bz2}"],
    "model/hf": ["seed.path=some/model"],
    "model/api": ["seed.name=gpt", "supervisor.name=gpt"],
}
# What the engine is handed by the stage.
HANDED = {
    "ditto.engines.transformers.TransformersEngine": {"model": None},
    "ditto.engines.vllm.VLLMEngine": {"model": None},
    "ditto.engines.openai.OpenAIEngine": {"model": None},
}


@pytest.fixture(autouse=True)
def _conf() -> Iterator[None]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def override(file: Path) -> list[str]:
    """The command-line words that choose this file."""
    group, option = file.parent.as_posix(), file.stem
    if group == ".":
        return []
    if group == "experiment":
        return [f"+experiment={option}"]
    if group == "web":
        return ["characters=wikidata", f"web@characters.web={option}"]
    return [f"{'model@seed' if group == 'model' else group}={option}", *GIVEN.get(f"{group}/{option}", [])]


def targets(node: Any) -> Iterator[DictConfig]:
    if isinstance(node, DictConfig):
        if "_target_" in node:
            yield node
        for _, value in node.items_ex(resolve=False):
            yield from targets(value)


def test_there_is_no_file_that_nobody_counted() -> None:
    assert len(FILES) == 107


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_composes_and_its_targets_bind(file: Path) -> None:
    cfg = compose("config", overrides=override(file), return_hydra_config=file.parts[0] == "hydra")
    found = [node for name in cfg if name != "hydra" for node in targets(cfg._get_node(name))]
    assert found
    for node in found:
        if OmegaConf.is_missing(node, "path"):
            continue  # the supervisor that is the seed
        values = {k: v for k, v in plain(node).items() if k != "_target_"} | HANDED.get(node._target_, {})
        inspect.signature(get_class(node._target_)).bind(**values)


@pytest.mark.parametrize("file", [f for f in FILES if f.parts[0] == "model" and f.stem not in ("hf", "api")], ids=str)
def test_a_model_is_named_like_its_file(file: Path) -> None:
    cfg = compose("config", overrides=[f"model@seed={file.stem}"])
    values = {k: v for k, v in plain(cfg.seed).items() if k != "_target_"}
    assert Model(**values).name == file.stem
    assert plain(cfg.supervisor) == plain(cfg.seed)


@pytest.mark.parametrize("file", [f for f in FILES if f.parts[0] != "hydra"], ids=str)
def test_a_file_begins_with_what_it_is(file: Path) -> None:
    lines = (CONF / file).read_text("utf-8").splitlines()
    assert lines[0].startswith("#")
    assert len(" ".join(line for line in lines[:4] if line.startswith("#"))) > 30
