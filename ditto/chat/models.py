"""`model=`: a choice of conf/model, a folder, a hub name, or the cell of a finished study."""

import re
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from omegaconf import DictConfig, OmegaConf

from ditto import study
from ditto.config import build
from ditto.errors import ConfigError, StoreError
from ditto.models import API, Model, load_config
from ditto.run import CONF
from ditto.stages import lineage
from ditto.store import verified
from ditto.study import Cell

LONGEST: Final = 8192  # tokens of a prompt with its reply, unless the model takes fewer
OPEN: Final = ("hf", "api")  # choices that name no model yet


def find(name: str, root: Path, chosen_study: str | None = None, *, served: bool = False) -> Model:
    """The model that `name` stands for; with `served`, whatever is nothing else is a server's own name for it.

    Raises:
        ConfigError: nothing has this name, or several cells have it.
        ModelError: a folder without a model in it.
    """
    if name in choices():
        return configured(name)
    if (folder := _folder(name)) is not None:
        return _on_its_own(str(folder), folder.parent.name if folder.name == "model" else folder.name)
    if "@" in name:
        return tuned(name, root, chosen_study)
    if served:
        return Model(name=_folder_name(name), path=API + name.removeprefix(API))
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) or name.startswith(("/", ".", "~")):
        return _on_its_own(name, name.rstrip("/").rpartition("/")[2])
    near = get_close_matches(name, [*choices(), *cells(root, chosen_study)], n=1)
    meant = (
        f"did you mean {near[0]}?" if near else "give a choice of conf/model, a folder, owner/name or seed@supervisor."
    )
    raise ConfigError(f"model={name} is not there: {meant}")


def choices() -> list[str]:
    """The models of conf/model."""
    return sorted(file.stem for file in (CONF / "model").glob("*.yaml") if file.stem not in OPEN)


def configured(name: str) -> Model:
    node = OmegaConf.load(CONF / "model" / f"{name}.yaml")
    assert isinstance(node, DictConfig)
    model: Model = build(node)
    return model


def tuned(name: str, root: Path, chosen_study: str | None) -> Model:
    """The model that the cell `name` tuned, spoken to like its seed.

    Raises:
        ConfigError: no study has the cell, or several that tuned it differently.
        StoreError: an artifact that led to it is damaged or gone.
    """
    there = cells(root, chosen_study)
    if name not in there:
        near = get_close_matches(name, there, n=1)
        meant = f"did you mean {near[0]}?" if near else "run a study that has it first, or set paths.root."
        raise ConfigError(f"No finished study under {root} has the cell {name}: {meant}")
    folders = {_tuning(root, cell): where for where, cell in there[name]}
    if len(folders) > 1:
        raise ConfigError(f"Several studies have the cell {name}: add study=<one of {', '.join(folders.values())}>.")
    folder = next(iter(folders)) / "model"
    seed = name.partition("@")[0]
    own = _on_its_own(str(folder), name)
    return replace(configured(seed), name=own.name, path=own.path) if seed in choices() else own


def cells(root: Path, chosen_study: str | None) -> dict[str, list[tuple[str, Cell]]]:
    """The finished cells by name, each with its study's folder name."""
    folders = [study.named(root, chosen_study)] if chosen_study else sorted((root / "study").glob("*"))
    found: dict[str, list[tuple[str, Cell]]] = {}
    for folder in folders:
        for cell in study.load(folder):
            found.setdefault(f"{cell.seed}@{cell.supervisor}", []).append((folder.name, cell))
    return found


def asked(name: str, root: Path, chosen_study: str | None) -> Path | None:
    """The folder of the characters that the study of the cell `name` is about; None where `name` is no cell.

    Raises:
        StoreError: an artifact that led to it is damaged or gone.
    """
    there = cells(root, chosen_study).get(name) if "@" in name else None
    if not there:
        return None
    _, cell = there[0]
    return lineage.origin(root, lineage.judged(root, cell.rows["imitation"]).benchmark, "characters")


def _tuning(root: Path, cell: Cell) -> Path:
    _, key = lineage.judged(root, cell.rows["imitation"]).model
    folder = next((root / "tune").glob(f"*-{key}"), None)
    if folder is None:
        raise StoreError(
            f"The tuned model {cell.seed}@{cell.supervisor} is not in {root / 'tune'}: run its study again."
        )
    verified(folder)
    return folder


def _folder(name: str) -> Path | None:
    """The folder with the weights: `name`, or the `model` in it where `name` is an artifact."""
    folder = Path(name).expanduser()
    return next((f for f in (folder, folder / "model") if (f / "config.json").is_file()), None)


def _on_its_own(path: str, name: str) -> Model:
    """A model that no configuration describes: as stored, and as long as it takes."""
    model = Model(name=_folder_name(name), path=path)
    takes = getattr(load_config(model).get_text_config(), "max_position_embeddings", None)
    return replace(model, max_length=min(LONGEST, takes or LONGEST))


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).strip("-") or "model"
