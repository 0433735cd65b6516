"""A recorded study: the manifests of a 2 x 2 nano matrix, as it ran on two cores on 2026-11-21."""

import json
from pathlib import Path
from typing import Any, Final

MANIFESTS: Final = Path(__file__).parent / "manifests.jsonl"
# Its command, but for `python -m ditto.run +experiment=cross_sup`.
WORDS: Final = ("characters.n_train=48", "tuning.steps=20", "study.name=cross_sup")
MODELS: Final = ("nano_xs", "nano_s")


def manifests() -> list[dict[str, Any]]:
    return [json.loads(line) for line in MANIFESTS.read_text("utf-8").splitlines()]


def laid_out(root: Path, each: list[dict[str, Any]]) -> Path:
    """The manifests where a store would have them."""
    for m in each:
        folder = root / m["stage"] / f"{m['label']}-{m['key']}"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps(m), "utf-8")
    return root
