"""Measure what a nano model can do, and write it on its card: `python -m ditto.nano.skills nano_m`.

Four skills, each in both languages: recalling the fixed characters without the profile, and, with
fresh characters' profiles in view, answering from them, refusing by setting and writing queries. Queries
are sampled as in the simulation, everything else is greedy.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from ditto.engines.base import Completion, Request, Sampling
from ditto.engines.transformers import TransformersEngine
from ditto.models import Model, parameters
from ditto.nano import corpus
from ditto.nano.pretrain import MODELS, SIZES
from ditto.nano.world import LANGUAGES, N_CHARACTERS, PROPERTIES, Persona, language, world
from ditto.records import Message

N: Final = 400
SEED: Final = 7
GREEDY: Final = Sampling(max_tokens=40)
SAMPLED: Final = Sampling(temperature=1.0, top_p=0.8, max_tokens=80)
Check = Callable[[Completion], bool]


@dataclass(frozen=True, slots=True)
class Task:
    """One question to the model, and what tells a right reply."""

    messages: tuple[Message, ...]
    right: Check
    sampling: Sampling = GREEDY


def recall(rng: Random, lang: str) -> Task:
    """A fixed character's fact, asked in the third person, with nothing in view."""
    persona, prop = rng.choice(world().personas), rng.choice(PROPERTIES)
    words, value = language(lang), persona.facts[prop].name
    question = words["question"].format(noun=words["properties"][prop]["noun"], label=persona.label)
    return Task(({"role": "user", "content": question},), lambda reply: value in reply.text)


def comprehension(rng: Random, lang: str) -> Task:
    persona = world().fresh(rng)
    return _role_play(persona, persona, rng, lang)


def refusal(rng: Random, lang: str) -> Task:
    persona, stranger = _strangers(rng)
    return _role_play(persona, stranger, rng, lang)


def query_json(rng: Random, lang: str) -> Task:
    """Valid JSON of three questions, whatever they ask."""
    return _query(rng, lang, anchored=False)


def query_quality(rng: Random, lang: str) -> Task:
    """The same, and the questions differ and each names something of the first character."""
    return _query(rng, lang, anchored=True)


SKILLS: Final = (recall, comprehension, refusal, query_json, query_quality)


def measure(model: Model, n: int = N) -> dict[str, float]:
    """The share of right replies, by skill and language."""
    engine, tasks = TransformersEngine(model, batch_size=100, threads=1), list[Task]()
    for skill in SKILLS:
        rng = Random(f"{SEED}/{skill.__name__}")
        tasks += [skill(rng, lang) for lang in LANGUAGES for _ in range(n)]
    right = [False] * len(tasks)
    for batch in engine.generate([Request(task.messages, task.sampling) for task in tasks]):
        for i, result in batch:
            right[i] = isinstance(result, Completion) and result.finish == "stop" and tasks[i].right(result)
    names = [f"{skill.__name__}.{lang}" for skill in SKILLS for lang in LANGUAGES]
    return {name: sum(right[i * n : (i + 1) * n]) / n for i, name in enumerate(names)}


def _role_play(persona: Persona, source: Persona, rng: Random, lang: str) -> Task:
    row = corpus.role_play(persona, source, rng, lang)
    return Task(row.messages, lambda reply: reply.text == row.said)


def _query(rng: Random, lang: str, *, anchored: bool) -> Task:
    a, b = _strangers(rng)
    messages: tuple[Message, ...] = ({"role": "user", "content": corpus.query_prompt(a, b, rng, lang)},)
    own = [entity.name for entity in a.facts.values()]

    def right(reply: Completion) -> bool:
        try:
            questions = [item["question"] for item in json.loads(reply.text)]
        except (ValueError, TypeError, KeyError):
            return False
        useful = {question for question in questions if any(name in question for name in own)}
        return len(questions) == corpus.N_QUERIES and (not anchored or len(useful) == len(questions))

    return Task(messages, right, SAMPLED)


def _strangers(rng: Random) -> tuple[Persona, Persona]:
    """Two fresh characters of different settings."""
    a, b = world().fresh(rng), world().fresh(rng)
    return (a, b) if a.setting != b.setting else _strangers(rng)


def card(name: str, skills: dict[str, float], n_parameters: int) -> str:
    """The model card: what it is, what it was measured to do, how to talk to it."""
    size = SIZES[name]
    rows = "\n".join(
        f"| {skill.__name__.replace('_', ' ')} | "
        + " | ".join(f"{skills[f'{skill.__name__}.{lang}']:.3f}" for lang in LANGUAGES)
        + " |"
        for skill in SKILLS
    )
    return f"""---
license: apache-2.0
language: [en, zh]
pipeline_tag: text-generation
---
# {name}

A Llama of {n_parameters:,} parameters (width {size.width}, {size.layers} layers, {size.heads} heads of 32), pretrained
from scratch by ditto on an encyclopedia of {N_CHARACTERS} invented characters and on reading-comprehension tasks about
others. It exists to try DITTO on a laptop: it knows nothing else and speaks {len(LANGUAGES)} closed lexicons.

Measured on {N} tasks a cell (`python -m ditto.nano.skills {name}`), seed {SEED}:

| skill | en | zh |
|---|---|---|
{rows}

- *recall*: a fixed character's fact without the profile. *comprehension*: the whole reply, word for word, from a
  fresh character's profile. *refusal*: the same for what belongs to another setting. *query json*: valid
  JSON of three questions. *query quality*: they differ, and each names something of the first character.

Reproduce: `python -m ditto.nano.pretrain {name}` ({sum(size.steps):,} steps, one CPU thread). The tokenizer has one
token a word; other English text falls apart into letters.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(SIZES))
    parser.add_argument("--folder", type=Path, help="where it lies (default: the committed one)")
    args = parser.parse_args()
    folder = args.folder or MODELS / args.model
    model = Model(name=args.model, path=str(folder), max_length=512)
    skills = measure(model)
    (folder / "README.md").write_text(card(args.model, skills, parameters(model)))
    print("\n".join(f"{name:20} {value:.3f}" for name, value in skills.items()))


if __name__ == "__main__":
    main()
