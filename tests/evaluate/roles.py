"""WikiRoleEval records made by hand, with the fields where the README or the code of upstream puts them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from ditto.evaluate.upstream import Role, read

EN = ("Ann", "en", ["Ann: a painter", "Bob: a poet", "Cyd", "Annabel: a baker"])
ZH = ("鲁迅", "zh", ["老舍：作家", "巴金：作家", "鲁迅：文学家", "曹禺"])
MOVED = ("role_consist_cands", "rejection_labels", "evidence")


def record(
    who: tuple[str, str, list[str]] = EN,
    place: Literal["top", "meta"] = "meta",
    spelling: str = "rejection_labels",
    **changed: Any,
) -> dict[str, Any]:
    """A role with three prompts, the second to be refused; `changed` replaces fields, and None takes one out."""
    label, lang, candidates = who
    fields = {
        "label": label,
        "lang": lang,
        "system": f"You are {label}.",
        "prompts": [f"{label}, what do you make?", "Have you seen the web?", "Where is your home?"],
        "role_consist_cands": candidates,
        "rejection_labels": [0, 1, 0],
        "evidence": ["- genre: landscape\n- in oils", "- date of death: 1700", "* 家：绍兴"],
        "description": "a painter",
        "summary": f"{label} lived long ago.",
        "wiki_title": f"{label} (title)",
        "aliases": [f"{label} the Old"],
        "claims": [["P1", "Q1"]],
        "trans_claims": [["genre", "landscape"], ["home", "Ember", "Glass"]],
        "category": "human",
        "wiki": {"idx": label, "title": label, "content": f"{label} was born."},
    } | changed
    fields = {name: value for name, value in fields.items() if value is not None}
    top = {"system", "prompts", *(MOVED if place == "top" else ()), *(set(changed) - {"label", "lang", *MOVED})}
    raw: dict[str, Any] = {spelling if k == "rejection_labels" else k: v for k, v in fields.items() if k in top}
    meta = {spelling if k == "rejection_labels" else k: v for k, v in fields.items() if k not in top}
    return raw | {"type": "wiki", "source": "by hand", "meta": meta}


def conversation(raw: dict[str, Any], texts: Iterable[str]) -> list[dict[str, str]]:
    """The record's `messages`, its prompts answered with `texts`."""
    said = [{"role": "system", "content": raw["system"]}]
    for prompt, text in zip(raw["prompts"], texts, strict=True):
        said += [{"role": "user", "content": prompt}, {"role": "assistant", "content": text}]
    return said


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return path


def role(path: Path, **changed: Any) -> Role:
    """The one role of a file."""
    [found] = read(write(path, record(**changed)), Role)
    return found
