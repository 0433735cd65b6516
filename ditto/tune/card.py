"""The model card of a tuned model: what it was made from, how, and how to speak to it."""

from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData, try_to_load_from_cache

from ditto.models import Model
from ditto.tune.method import Method

CHAT = """
```python
from transformers import pipeline

chat = pipeline("text-generation", "<this folder>")
brief = "You are <name>, <one line of description>."
messages = [{"role": "system", "content": brief}, {"role": "user", "content": "Who taught you?"}]
print(chat(messages)[0]["generated_text"][-1]["content"])
```
"""


def card(seed: Model, how: Method, counts: dict[str, Any]) -> ModelCard:
    """Nothing in it depends on the machine or the hour, so that equal tunings make equal folders."""
    base = _base(seed)
    data = ModelCardData(
        license=_license(seed), base_model=base, pipeline_tag="text-generation", tags=["ditto", "role-play"]
    )
    tuning = how.tuning
    learnt = "4-bit seed with LoRA" if how.quantization else "LoRA, merged" if how.adapter else "every weight"
    rows = {
        "base": base,
        "tuned": f"{learnt}; {counts['trained']:,} of {counts['parameters']:,} parameters",
        "dialogues": f"{counts['dialogues']:,}, of which {counts['dialogues dropped']:,} were too long",
        "steps": f"{tuning.steps} of {tuning.batch_size} sessions, at most {tuning.max_length} tokens each",
        "learning rate": f"{tuning.lr:g} after a warm-up of {tuning.warmup:.0%}, then a cosine to {tuning.min_lr:g}",
        "last loss": counts["last loss"],
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return ModelCard(
        f"---\n{data.to_yaml()}\n---\n\n# {seed.name}, aligned to play roles\n\n"
        "Tuned by [DITTO](https://arxiv.org/abs/2401.12474)'s self-alignment on simulated dialogues in which the "
        "character's profile is hidden. It speaks for invented or public figures and is not them; what it says of "
        f"them may be wrong.\n\n| | |\n|---|---|\n{table}\n\nSpeak to it with a brief introduction:\n{CHAT}"
    )


def _base(seed: Model) -> str:
    folder = Path(seed.source)
    if not folder.exists():
        return seed.source
    return seed.name if folder.name == "model" else folder.name  # of an artifact, whose folder says nothing


def _license(seed: Model) -> str:
    """What the base's own card says."""
    own = Path(seed.source) / "README.md"
    if not own.exists():
        cached = None if Path(seed.source).exists() else try_to_load_from_cache(seed.source, "README.md")
        own = Path(cached) if isinstance(cached, str) else own
    found = ModelCard.load(own).data.to_dict().get("license") if own.exists() else None
    return str(found or "unknown")
