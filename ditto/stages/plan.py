"""`plan=true`: what a cell will take, stage by stage, by the recipes of the stages; nothing is made but the plan.

Every job of a launch leaves the plan of its cell in its folder. `finish` joins them, prints them and keeps what is to
do in `<root>/plan/<study>.jsonl`, where the report finds it and compares.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import torch
from omegaconf import DictConfig, OmegaConf
from pydantic import TypeAdapter

from ditto import study
from ditto.config import build, register_resolvers, typed
from ditto.engines.base import Engine, Sampling
from ditto.errors import ConfigError
from ditto.evaluate.llm import LLMJudge
from ditto.models import Model
from ditto.plan import calibration, hub, kept, terminal, workload
from ditto.plan.assumptions import assumptions
from ditto.plan.hardware import Hardware
from ditto.plan.manifests import Taken, taken
from ditto.plan.ruler import Ruler
from ditto.plan.shape import Shape, shape
from ditto.plan.speed import ROWS, Served, dollars, room
from ditto.plan.step import Asked, Cell, Expected, Memory, Step, Tuned, joined
from ditto.plan.work import Work
from ditto.records import Dialogue, Row, Split, read_jsonl
from ditto.simulate.settings import Simulation
from ditto.stages import answer, benchmark, characters, judge, simulate, tune
from ditto.stages import build as building
from ditto.stages import filter as filtering
from ditto.stages.check import check_names, check_rounds, models
from ditto.stages.engine import load_prompts, supervisors
from ditto.stages.forecast import forecast, ranks, sizes, zero_stage
from ditto.store import Artifact, Recipe, Store
from ditto.tune.estimate import GIB, Cost
from ditto.tune.method import method

FILE: Final = "plan.json"
COLLECTED_N: Final = 1000  # characters of a source that does not say how many it will have


def wanted(cfg: DictConfig) -> bool:
    """Whether to plan instead of running.

    Raises:
        ConfigError: `plan` is neither true nor false.
    """
    if not isinstance(cfg.plan, bool):
        raise ConfigError(f"plan={cfg.plan} cannot be meant: it is true or false.")
    return cfg.plan


def run(cfg: DictConfig, folder: Path) -> None:
    """Leave the plan of the cell in `folder`.

    Raises:
        DittoError: what is wrong with the configuration.
    """
    hardware: Hardware = build(cfg.hardware)
    with _as_on(hardware):
        check_names(cfg)
        check_rounds(cfg)
        if cfg.task != "cell":
            raise ConfigError(f"plan=true plans the cells of a study, and task={cfg.task} is none: leave plan out.")
        _check_devices(cfg, hardware)
        seed, supervisor = models(cfg)
        if seed.is_api:
            raise ConfigError(f"The seed {seed.name} has no weights to tune: give a folder or a hub name.")
        with hub.at_once([seed, supervisor, *(member.model for member in judge.members(cfg.judge))]):
            cell = Planner(cfg, Store(cfg.paths.root), hardware, seed, supervisor).plan()
    (folder / FILE).write_bytes(TypeAdapter(Cell).dump_json(cell))


def finish(cfg: DictConfig, folder: Path) -> None:
    """Print the plans that the jobs below `folder` have left, a study at a time, and keep what is to do."""
    files = sorted(folder.rglob(FILE))
    cells = [TypeAdapter(Cell).validate_json(file.read_bytes()) for file in files]
    hardware: Hardware = build(cfg.hardware)
    for name in sorted({cell.study for cell in cells}):
        whole, root = joined([cell for cell in cells if cell.study == name]), Path(cfg.paths.root)
        found = taken(root) if _is_here(hardware) else []
        ratios = calibration.seconds(found, whole.steps, whole.shapes, hardware)
        rows = [(step, expected(step, whole.shapes, hardware, ratios)) for step in whole.steps]
        kept.keep(root, name, [row for step, row in rows if not step.cached])
        taken_for_granted = assumptions(whole.steps, whole.shapes, hardware)
        notes = [*whole.notes, *taken_for_granted, *(_of_time(hardware, ratios, found) if taken_for_granted else ())]
        terminal.show(name, hardware, rows, whole.memory, notes)


def expected(step: Step, shapes: Mapping[str, Shape], hardware: Hardware, ratios: calibration.Ratios) -> Expected:
    model = step.tuned.model if step.tuned else step.asked[0].model if step.asked else ""
    seconds = calibration.unscaled(step, shapes, hardware) * ratios.of(step.stage, step.kind, model)
    devices = step.tuned.ranks if step.tuned else max((a.served.used for a in step.asked), default=0)
    bills = [dollars(a.work, a.served) for a in step.asked]
    return Expected(
        stage=step.stage,
        label=step.label,
        key=step.key,
        requests=sum(a.work.requests for a in step.asked),
        prompt_tokens=round(sum(a.work.prompt for a in step.asked)),
        reply_tokens=round(sum(a.work.reply for a in step.asked)),
        seconds=seconds,
        gpu_seconds=0.0 if hardware.is_cpu else seconds * devices,
        dollars=None if None in bills else sum(bill or 0.0 for bill in bills),
    )


def _is_here(hardware: Hardware) -> bool:
    """Whether this machine has such devices, so that what was measured here holds for them."""
    if hardware.is_cpu or not torch.cuda.is_available():
        return hardware.is_cpu and not torch.cuda.is_available()
    return hardware.device in torch.cuda.get_device_name(0)


def _of_time(hardware: Hardware, ratios: calibration.Ratios, found: Sequence[Taken]) -> list[str]:
    if not ratios.sums:
        seconds = "seconds are by the formulas alone, so run one small cell first to have them calibrated"
        return [f"No stage of these models was measured on {hardware.device} under this root: {seconds}."]
    measured = ", ".join(f"{stage} {took / by:.2g}" for (stage, model), (took, by) in ratios.sums.items() if not model)
    rest = "taken for this machine's; over the formulas they took"
    return [f"Seconds are calibrated by {len(found)} stages measured under this root, {rest}: {measured}."]


@contextmanager
def _as_on(hardware: Hardware) -> Iterator[None]:
    """What `conf/` computes from this machine's GPU, as it would be there."""
    if not hardware.is_cpu:
        values = {"accelerator": "gpu", "gpu_precision": "bf16-mixed", "precision": "bf16-mixed"}
        for name, value in {**values, "compute_dtype": "bfloat16"}.items():
            OmegaConf.register_new_resolver(name, lambda value=value: value, replace=True)
    try:
        yield
    finally:
        register_resolvers()


def _check_devices(cfg: DictConfig, hardware: Hardware) -> None:
    if (cfg.trainer.accelerator == "gpu") == hardware.is_cpu:
        other = "choose the GPUs, such as hardware=h100" if hardware.is_cpu else "add trainer=gpu, zero3 or the like"
        raise ConfigError(f"trainer.accelerator={cfg.trainer.accelerator} cannot run on {hardware.device}: {other}.")
    for name, needed in (("trainer.devices", ranks(cfg.trainer)), *_engines(cfg)):
        if not hardware.is_cpu and needed > hardware.count:
            raise ConfigError(f"{name} takes {needed} devices of hardware.count={hardware.count}: give more or fewer.")


def _engines(cfg: DictConfig) -> Iterator[tuple[str, int]]:
    for name in ("engine", "supervisor_engine"):
        if cfg.get(name):
            yield name, served(cfg[name], None).used


def served(node: DictConfig, model: Model | None) -> Served:
    """What the configuration of an engine says about its pace and its price."""
    kind = str(node.get("_target_")).rpartition(".")[2]
    if kind == "VLLMEngine":
        share = node.memory_share
        return Served(
            engine="vllm",
            rows=ROWS,
            devices=node.tensor_parallel,
            copies=node.data_parallel,
            memory_share=share,
            reuse=node.prefix_caching,
        )
    if kind == "OpenAIEngine":
        price: Any = (node.get("prices") or {}).get(node.served_as or (model.served_as if model else ""), {})
        return Served(
            engine="openai",
            rows=node.concurrency,
            input=price.get("input"),
            output=price.get("output"),
            requests_per_minute=node.requests_per_minute,
            tokens_per_minute=node.tokens_per_minute,
            samples_together=node.samples_together,
        )
    return Served(engine="transformers", rows=node.get("batch_size", 64), reuse=node.get("reuse_prefixes", False))


@dataclass
class Planner:
    """One cell, walked as `stages.cell` does, by promises instead of artifacts."""

    cfg: DictConfig
    store: Store
    hardware: Hardware
    seed: Model
    supervisor: Model
    steps: list[Step] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    memory: list[Memory] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def plan(self) -> Cell:
        self.found = taken(self.store.root)
        self.replies = calibration.replies(self.found)
        self._rulers: dict[str, Ruler] = {}
        people = self._characters()
        tests = self._benchmark(people)
        judge.check_metrics(self.cfg.judge, tests.sessions)
        model, tuned = self._round(people, self.seed, self.supervisor)
        for _ in range(1, self.cfg.rounds):
            model, tuned = self._round(people, model, model, tuned)
        self._row(tests, "base", self.seed, self.seed)
        self._row(tests, "supervision", self.supervisor, self.supervisor)
        self._row(tests, "imitation", model, self.seed, tuned)
        return Cell(
            study=study.folder(self.cfg).name,
            steps=tuple(self.steps),
            shapes=self.shapes,
            memory=tuple(self.memory),
            notes=tuple(self.notes),
        )

    def _characters(self) -> characters.Loaded:
        source: characters.Source = build(self.cfg.characters)
        made = self._promise(characters.recipe(self.cfg, source))
        if made.cached:
            return characters.loaded(made)
        return characters.Loaded(made, self._uncollected() if "web" in self.cfg.characters else source.split())

    def _uncollected(self) -> Split:
        """Characters as many as are asked for, where a source would have to be read for hours."""
        node = self.cfg.characters
        n = node.get("n", COLLECTED_N) * len(node.get("classes", [None]))
        self._note(
            f"The characters are not collected yet (task=collect): {n} in each of {list(node.languages)} are assumed, "
            f"with articles of {workload.ARTICLE} words; keys may turn out otherwise."
        )
        return workload.collected(n, node.n_test, node.languages)

    def _benchmark(self, people: characters.Loaded) -> benchmark.Loaded:
        if "model" in self.cfg.benchmark:
            return self._built(people)
        source = build(self.cfg.benchmark)
        made = self._promise(benchmark.recipe(self.cfg, people, source))
        if made.cached:
            return benchmark.loaded(made)
        return benchmark.Loaded(made, source.sessions(people.split))

    def _built(self, people: characters.Loaded) -> benchmark.Loaded:
        author, test = building.author_of(self.cfg.benchmark), people.split.test
        drafted = self.store.promised(recipe := building.draft_recipe(author, people))
        works = []
        if not drafted.cached:
            packs, ruler = author.writing({c.lang for c in test}), self._ruler(author.model)
            works = list(workload.drafted(test, packs, author.settings, ruler, self._replies("draft", author.model)))
        self._add(recipe, drafted, [self._asked(work, author.model, author.engine) for work in works])
        made = self._promise(building.recipe(self.cfg, author.corrected(), drafted))
        if made.cached:
            return benchmark.loaded(made)
        self._note("The test set is still to be written: every role gets as many questions as benchmark asks for.")
        return benchmark.Loaded(made, workload.written(test, author.settings))

    def _round(
        self, people: characters.Loaded, seed: Model, supervisor: Model, tuned: Artifact | None = None
    ) -> tuple[Model, Artifact]:
        """A round; `tuned`, what both models are from the second on, reads and weighs as the seed does."""
        known = self.seed if tuned else supervisor
        simulated = self.store.promised(recipe := simulate.recipe(self.cfg, people, supervisor, tuned))
        works = () if simulated.cached else self._simulated(people, known)
        self._add(recipe, simulated, [self._asked(work, known, supervisors(self.cfg, tuned)) for work in works])
        dialogues = self._filter(people, simulated, supervisor, tuned) if self.cfg.get("filter") else simulated
        made = self._tune(people, dialogues, tune.recipe(self.cfg, dialogues, seed, supervisor, tuned))
        return tune.tuned_model(made, seed, supervisor, tuned), made

    def _simulated(self, people: characters.Loaded, known: Model) -> tuple[Work, Work]:
        packs, settings = load_prompts(self.cfg, people.languages), typed(self.cfg.simulate, Simulation)
        replies = self._replies("simulate", known)
        return workload.simulated(people.split.train, packs, settings, self._ruler(known), replies)

    def _filter(
        self, people: characters.Loaded, simulated: Artifact, supervisor: Model, tuned: Artifact | None
    ) -> Artifact:
        """Each request of a filter is taken for as much as the response that it is about."""
        made = self.store.promised(recipe := filtering.recipe(self.cfg, people, simulated, supervisor, tuned))
        known, asked = self.seed if tuned else supervisor, list[Asked]()
        if not made.cached:
            _, responses = self._simulated(people, known)
            work = responses.times(build(self.cfg.filter).asks)
            asked = [self._asked(work, known, supervisors(self.cfg, tuned))]
        self._add(recipe, made, asked)
        return made

    def _tune(self, people: characters.Loaded, dialogues: Artifact, recipe: Recipe) -> Artifact:
        made = self.store.promised(recipe)
        how, ruler = method(self.cfg.tuning), self._ruler(self.seed)
        if dialogues.cached:
            written = read_jsonl(dialogues.path / "dialogues.jsonl", Dialogue)
            lengths = workload.lengths_of(written, ruler, how.tuning.max_length)
        else:
            lengths = workload.session_lengths(
                people.split.train,
                load_prompts(self.cfg, people.languages),
                typed(self.cfg.simulate, Simulation),
                ruler,
                self._replies("simulate", self.supervisor),
                how.tuning.max_length,
            )
        size = sizes(self.seed, how)
        own = forecast(size, how, self.cfg.trainer, lengths)
        for zero in range(4):
            self._remember(zero, forecast(size, how, self.cfg.trainer, lengths, zero).cost)
        self._add(
            recipe,
            made,
            tuned=Tuned(
                model=self._shaped(self.seed),
                sessions=how.tuning.steps * how.tuning.batch_size,
                tokens=own.tokens,
                parts=how.tuning.steps * how.tuning.accumulate,
                ranks=ranks(self.cfg.trainer),
                flop_per_token=own.cost.flop_per_token,
                recompute=how.tuning.gradient_checkpointing,
            ),
        )
        return made

    def _remember(self, zero: int, c: Cost) -> None:
        self.memory.append(
            Memory(
                name=self.seed.name,
                zero=zero,
                ranks=ranks(self.cfg.trainer),
                weights=c.weights / GIB,
                states=(c.gradients + c.moments) / GIB,
                activations=c.activations / GIB,
                chosen=zero == zero_stage(self.cfg.trainer),
            )
        )

    def _row(
        self, tests: benchmark.Loaded, row: Row, model: Model, known: Model, tuned: Artifact | None = None
    ) -> None:
        """The answers of `model`, which reads and weighs as `known` does, and the verdicts on them."""
        answered = self.store.promised(recipe := answer.recipe(self.cfg, tests, model, row, tuned))
        sampling, ruler = typed(self.cfg.answer, Sampling), self._ruler(known)
        reply = self._replies("answer", known).answer(sampling)
        works = []
        if not answered.cached:
            of = workload.under_profiles if row == "supervision" else workload.conversations
            works = [of(tests.sessions, answer.prompts_for(self.cfg, tests), sampling, ruler, reply)]
        self._add(recipe, answered, [self._asked(work, known, answer.engine_of(self.cfg, row)) for work in works])
        made = self.store.promised(recipe := judge.recipe(self.cfg, answered, f"{row}-{model.name}"))
        members = () if made.cached else judge.members(self.cfg.judge)
        self._add(recipe, made, [self._votes(member, tests, reply) for member in members])

    def _votes(self, member: judge.Member, tests: benchmark.Loaded, answer_tokens: float) -> Asked:
        ruler = self._ruler(member.model)
        packs = {s.character.lang: member.prompts(s.character.lang) for s in tests.sessions}
        replies = self._replies("judge", member.model)
        asked = LLMJudge(cast(Engine, ruler), member.voting, packs, member.name)  # it only words its questions
        return self._asked(
            workload.judged(tests.sessions, asked, ruler, answer_tokens, replies), member.model, member.engine
        )

    def _asked(self, work: Any, model: Model, node: DictConfig) -> Asked:
        how = served(node, model)
        if how.engine == "openai":
            identity = model.identity
            if how.input is None:
                self._note(f"No price of {node.served_as or model.served_as} is known: fill in prices of its engine.")
        else:
            identity = self._shaped(model)
            if (left := room(self.shapes[identity], how, self.hardware)) < 0:
                self._note(
                    f"{model.name} does not fit: its engine lacks {-left:.0f} GiB on each of {how.devices} devices, "
                    "take engine=vllm with more tensor_parallel."
                )
        return Asked(work=work, model=identity, served=how)

    def _shaped(self, model: Model) -> str:
        identity = model.identity
        self.shapes.setdefault(identity, shape(model, on_cpu=self.hardware.is_cpu))
        return identity

    def _ruler(self, model: Model) -> Ruler:
        ruler = self._rulers.setdefault(model.name, Ruler(model))
        if not ruler.exact:
            self._note(f"{model.name} has no tokenizer here: three bytes are taken for a token.")
        return ruler

    def _replies(self, stage: str, model: Model) -> Any:
        return calibration.scaled(self.replies, stage, stage, model.identity)

    def _promise(self, recipe: Recipe) -> Artifact:
        made = self.store.promised(recipe)
        self._add(recipe, made)
        return made

    def _add(self, recipe: Recipe, made: Artifact, asked: Sequence[Asked] = (), tuned: Tuned | None = None) -> None:
        self.steps.append(
            Step(
                stage=recipe.stage,
                label=recipe.label,
                key=recipe.key,
                cached=made.cached,
                asked=tuple(asked),
                tuned=None if made.cached else tuned,
            )
        )

    def _note(self, sentence: str) -> None:
        self.notes[sentence] = None
