"""Tuning throughput: our LightningModule under its Trainer against a bare PyTorch loop, same batches."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from benchmarks.timing import alternate
from ditto.config import register_resolvers
from ditto.models import Model, load_tokenizer, load_weights
from ditto.nano.source import NanoCharacters
from ditto.prompts import Prompts
from ditto.records import Message
from ditto.run import CONF
from ditto.simulate.responses import brief
from ditto.tune.batches import MicroBatches, plan
from ditto.tune.checkpoints import Checkpoints
from ditto.tune.data import encode
from ditto.tune.fitting import fit
from ditto.tune.method import method
from ditto.tune.module import CausalLM, Tuning, learning_rate, summed_loss
from ditto.tune.watch import Watch

STEPS = 20


def run(rounds: int = 3) -> list[tuple[str, float]]:
    """Supervised tokens a second of the Trainer and of the loop."""
    torch.set_num_threads(1)
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", overrides=[f"tuning.steps={STEPS}"])
    tuning, model = method(cfg.tuning).tuning, Model(name="nano_m", path="embedded:nano_m", max_length=512)
    batches = sessions(model, tuning)
    tokens = float(sum(int(batches[i]["attention_mask"].sum()) for i in range(len(batches))))

    def timed(way: Callable[[CausalLM], object]) -> float:
        way(CausalLM(load_weights(model, "cpu"), tuning))
        return tokens

    trainer, loop = partial(lightning, cfg, tuning, batches), partial(bare_loop, tuning, batches)
    return list(alternate({"Lightning": lambda: timed(trainer), "bare loop": lambda: timed(loop)}, rounds).items())


def sessions(model: Model, tuning: Tuning) -> MicroBatches:
    """Dialogues of the shape that a nano supervisor writes, as planned batches."""
    tokenizer, examples = load_tokenizer(model), []
    people = NanoCharacters(n_train=64, n_test=4).split().train
    prompts = {lang: Prompts("nano", lang) for lang in ("en", "zh")}
    for character in people:
        messages: list[Message] = [{"role": "system", "content": brief(character, prompts)}]
        for claim in character.claims[:6]:
            messages.append({"role": "user", "content": f"Speaking of {claim.value}, what is your home?"})
            messages.append({"role": "assistant", "content": f"Ah, {claim.value}? Aye, by wind, my home is Sanaton."})
        examples.append(encode(messages, tokenizer, model.template))
    order = plan(len(examples), tuning.batch_size, tuning.steps, tuning.seed)
    return MicroBatches(examples, order, tuning.accumulate, tokenizer.pad_token_id)


def lightning(cfg: DictConfig, tuning: Tuning, batches: MicroBatches, module: CausalLM) -> None:
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(Path(folder) / "loss.csv", lambda step, loss: None)
        fit(cfg, tuning, module, batches, watch, Checkpoints(Path(folder), every=0))


def bare_loop(tuning: Tuning, batches: MicroBatches, module: CausalLM) -> None:
    """The same training in the fewest lines: AdamW, schedule, clipping."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=tuning.lr, betas=tuning.betas, weight_decay=0.0, fused=True)
    module.train()
    for step in range(tuning.steps):
        optimizer.param_groups[0]["lr"] = learning_rate(step, tuning)
        batch = batches[step]
        (summed_loss(module.model, batch) / batch["scale"]).backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), tuning.clip)
        optimizer.step()
        optimizer.zero_grad()
