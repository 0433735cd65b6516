"""Stage `tune`: the seed LLM learns from the dialogues, with the profile hidden (paper, section 3.3)."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from peft import LoraConfig, PeftModel

from ditto.config import build, plain, typed
from ditto.errors import StageError
from ditto.models import Model, load_tokenizer, load_weights
from ditto.progress import Progress
from ditto.records import Dialogue, read_jsonl
from ditto.store import Artifact, Recipe, Store
from ditto.tune.adapter import adapted, merged
from ditto.tune.batches import DialogueData, MicroBatches, plan
from ditto.tune.data import Example, encode_within
from ditto.tune.export import export
from ditto.tune.module import CausalLM, Tuning

VERSION = 2


def run(cfg: DictConfig, store: Store, simulated: Artifact, seed: Model, supervisor: Model) -> Artifact:
    tuning, adapter = hyperparameters(cfg.tuning)
    settings = {"seed": seed.identity, "tuning": plain(cfg.tuning), "precision": cfg.trainer.precision}
    recipe = Recipe("tune", f"{seed.name}-on-{supervisor.name}", VERSION, settings, {"simulate": simulated.key})

    def produce(folder: Path) -> Mapping[str, Any]:
        sessions = read_jsonl(simulated.path / "dialogues.jsonl", Dialogue)
        tokenizer = load_tokenizer(seed)
        examples = [encode_within(s.messages, tokenizer, seed.template, tuning.max_length) for s in sessions]
        kept = [e for e in examples if e is not None]
        if not kept:
            raise StageError(f"Not one dialogue fits tuning.max_length={tuning.max_length} tokens.")
        weights = load_weights(seed, "cpu")
        stored = weights.dtype
        module = CausalLM(adapted(weights.float(), adapter) if adapter else weights.float(), tuning)
        trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
        batches = MicroBatches(
            kept,
            plan(len(kept), tuning.batch_size, tuning.steps, tuning.seed),
            tuning.accumulate,
            tokenizer.pad_token_id,
            tuning.max_length if tuning.packing else None,
        )
        pl.seed_everything(tuning.seed, verbose=False)
        losses = fit(cfg, tuning, module, batches, recipe.label)
        probe = torch.tensor([kept[0].ids])
        if isinstance(module.model, PeftModel):
            module.model.save_pretrained(folder / "adapter")
            module.model = merged(module.model, probe)
        for parameter in module.parameters():  # not the buffers: rotary frequencies stay in float32
            parameter.data = parameter.data.to(stored)
        export(module.model, tokenizer, folder / "model", probe)
        (folder / "loss.csv").write_text("step,loss\n" + "".join(f"{i},{x:.6f}\n" for i, x in enumerate(losses, 1)))
        return {
            "parameters": module.model.num_parameters(),
            "trained": trained,
            "dialogues": len(sessions),
            "dialogues dropped": len(sessions) - len(kept),
            "supervised tokens": _supervised(kept),
            "steps": tuning.steps,
            "last loss": round(losses[-1], 4),
        }

    return store.make(recipe, produce)


def hyperparameters(node: DictConfig) -> tuple[Tuning, LoraConfig | None]:
    """What `tuning=...` says, and its adapters where it has any."""
    values = node.copy()
    OmegaConf.set_struct(values, False)
    adapter = values.pop("adapter")
    return typed(values, Tuning), None if adapter is None else build(adapter)


def tuned_model(artifact: Artifact, seed: Model, supervisor: Model) -> Model:
    """The tuned model, spoken to like its seed."""
    return Model(
        name=f"{seed.name}-on-{supervisor.name}",
        path=str(artifact.path / "model"),
        dtype=seed.dtype,
        max_length=seed.max_length,
        template=seed.template,
    )


def fit(cfg: DictConfig, tuning: Tuning, module: CausalLM, batches: MicroBatches, title: str) -> list[float]:
    """Train, and return the loss of every step."""
    if cfg.trainer.accelerator == "cpu":
        torch.set_num_threads(cfg.threads)
    watch = Watch(title, tuning.steps)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings(), watch.progress:
        # Lightning advises workers and other settings that the plan of batches makes pointless.
        warnings.filterwarnings("ignore", module=r"pytorch_lightning\..*")
        trainer: pl.Trainer = build(
            cfg.trainer,
            max_steps=tuning.steps,
            accumulate_grad_batches=tuning.accumulate,
            gradient_clip_val=tuning.clip,
            callbacks=[watch],
        )
        trainer.fit(module.train(), datamodule=DialogueData(batches))
    if len(watch.losses) != tuning.steps:
        raise StageError(f"The trainer made {len(watch.losses)} of {tuning.steps} steps; the model is not used.")
    return watch.losses


class Watch(pl.Callback):
    """Keeps each step's loss and shows it."""

    def __init__(self, title: str, steps: int) -> None:
        self.losses: list[float] = []
        self.progress = Progress(f"tune {title}", steps)
        self._parts: list[float] = []

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any) -> None:
        # Lightning hands over the loss before it divides by the number of accumulated parts.
        self._parts.append(float(outputs["loss"]))
        if trainer.global_step > len(self.losses):
            self.losses.append(sum(self._parts) / len(self._parts))
            self._parts.clear()
            self.progress.advance(note=f"loss {self.losses[-1]:.3f}")


def _supervised(examples: Sequence[Example]) -> int:
    return sum(sum(example.supervised) for example in examples)
