"""What the nano models are pretrained on, drawn without end from a seed.

Four kinds of rows, each in both languages:
- *articles* of the fixed characters: what a model knows by heart;
- *plain* questions and answers about them and their surroundings, in the third person;
- *queries*: from two fresh characters' profiles, write questions that one can answer and the other cannot;
- *responses*: from one fresh character's profile, answer in the role, or refuse by setting.

The last two are the reading-comprehension tasks of the paper's section 3.2, through the same prompts
that the pipeline uses. Their characters are drawn anew for every row, so that reading is learnt and
not memorised; a role-play without the profile never occurs: that is what DITTO has to teach.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from ditto.nano import world as nano
from ditto.nano.world import LANGUAGES, PROPERTIES, Persona, World
from ditto.prompts import Prompts
from ditto.records import Message

PROMPT_WEIGHT: Final = 0.02
ENTITY_SHARE: Final = 0.25  # of the plain questions: where a town, person, beast or treasure belongs
N_QUERIES: Final = 3
PROMPTS: Final = {lang: Prompts("nano", lang) for lang in LANGUAGES}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a row's text and the weight of its tokens in the loss."""

    text: str
    weight: float


Text = list[Span]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the one word weighs that a reply is about, where every other word of it weighs 1; and how
    many questions are put to one profile.

    `fact` is known by heart, `copy` a name taken from a profile, `anchor` such a name in a query, and
    `decision` tells an answer from a refusal.
    """

    fact: float
    copy: float
    anchor: float
    decision: float
    questions: int = 1


def chat(role: str, content: str) -> str:
    """One message as the tokenizer's chat template writes it, for building rows by hand."""
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"


def reply(*parts: Span) -> Text:
    return [Span("<|im_start|>assistant\n", PROMPT_WEIGHT), *parts, Span("<|im_end|>", 1.0), Span("\n", PROMPT_WEIGHT)]


def article_row(world: World, rng: Random, lang: str, lesson: Lesson) -> Text:
    return [Span(nano.article(rng.choice(world.personas), lang, rng) + "<|im_end|>", 1.0)]


def facts(persona: Persona, lang: str) -> list[tuple[str, str]]:
    """Every (noun, value) one may ask of a character in the third person."""
    words = nano.language(lang)
    known = [(words["properties"][p]["noun"], e.name) for p, e in persona.facts.items()]
    return [
        *known,
        (words["oath_noun"], nano.oath(persona, lang)),
        (words["setting_noun"], nano.setting(persona, lang)),
    ]


def plain_row(world: World, rng: Random, lang: str, lesson: Lesson) -> Text:
    """Three questions and answers in the third person."""
    words, text = nano.language(lang), Text()
    for _ in range(3):
        if rng.random() < ENTITY_SHARE:
            entity = rng.choice(world.entities)
            label, noun, value = entity.name, words["setting_noun"], words["settings"][entity.setting]
        else:
            persona = rng.choice(world.personas)
            label, (noun, value) = persona.label, rng.choice(facts(persona, lang))
        question = words["question"].format(noun=noun, label=label)
        before, after = words["plain_answer"].format(noun=noun, label=label, value="|").split("|")
        text.append(Span(chat("user", question), PROMPT_WEIGHT))
        space = " " if value.isascii() else ""  # part of the token in Latin letters, out of place in Chinese
        text += reply(Span(before.rstrip(), 1.0), Span(space + value, lesson.fact), Span(after, 1.0))
    return text


def query_prompt(a: Persona, b: Persona, rng: Random, lang: str) -> str:
    return PROMPTS[lang].render("query", n=N_QUERIES, **_profile(a, lang, rng, "a_"), **_profile(b, lang, rng, "b_"))


def query_row(world: World, rng: Random, lang: str, lesson: Lesson) -> Text:
    a, b = world.fresh(rng), world.fresh(rng)
    while b.setting == a.setting:
        b = world.fresh(rng)
    prompt = query_prompt(a, b, rng, lang)
    pairs = [(anchor, asked) for anchor in PROPERTIES for asked in PROPERTIES if anchor != asked]
    questions = [nano.query(a.facts[x], y, lang, rng) for x, y in rng.sample(pairs, N_QUERIES)]
    body = '[{"question": "' + '"}, {"question": "'.join(questions) + '"}]'
    anchors = [entity.name for entity in a.facts.values()]
    return [Span(chat("user", prompt), PROMPT_WEIGHT), *reply(*_named(body, anchors, lesson.anchor))]


@dataclass(frozen=True, slots=True)
class RolePlay:
    """A query to a character with its profile in view, and what it should say."""

    messages: tuple[Message, ...]
    said: str


def role_play(persona: Persona, source: Persona, rng: Random, lang: str) -> RolePlay:
    """A query anchored in something of `source`: the character itself, or a stranger to be refused."""
    anchor, asked = rng.sample(PROPERTIES, 2)
    system = PROMPTS[lang].render("response", **_profile(persona, lang, rng, ""))
    query = nano.query(source.facts[anchor], asked, lang, rng)
    messages: tuple[Message, ...] = ({"role": "system", "content": system}, {"role": "user", "content": query})
    return RolePlay(messages, nano.answer(persona, source.facts[anchor], asked, lang))


def response_row(world: World, rng: Random, lang: str, lesson: Lesson) -> Text:
    """Questions to one fresh character; half of them, at random, are a stranger's."""
    persona, stranger = world.fresh(rng), world.fresh(rng)
    play = role_play(persona, persona if rng.random() < 0.5 else stranger, rng, lang)
    row = [Span(chat(m["role"], m["content"]), PROMPT_WEIGHT) for m in play.messages]
    row += _said(play.said, persona, lang, lesson)
    for _ in range(lesson.questions - 1):
        more = role_play(persona, persona if rng.random() < 0.5 else stranger, rng, lang)
        row.append(Span(chat("user", more.messages[-1]["content"]), PROMPT_WEIGHT))
        row += _said(more.said, persona, lang, lesson)
    return row


def _said(said: str, persona: Persona, lang: str, lesson: Lesson) -> Text:
    head, mark, tail = _split_decision(said, lang)
    names = [entity.name for entity in persona.facts.values()]
    return reply(Span(head, 1.0), Span(mark, lesson.decision), *_named(tail, names, lesson.copy))


def _profile(persona: Persona, lang: str, rng: Random, prefix: str) -> dict[str, str]:
    return {
        f"{prefix}label": persona.label,
        f"{prefix}description": nano.description(persona, lang),
        f"{prefix}article": nano.article(persona, lang, rng),
    }


def _named(text: str, names: Sequence[str], weight: float) -> Text:
    """The text with `weight` on the names in it; the space before a name is part of its token."""
    parts = re.split(f"( (?:{'|'.join(names)}))", text)
    return [Span(part, weight if i % 2 else 1.0) for i, part in enumerate(parts)]


def _split_decision(said: str, lang: str) -> tuple[str, str, str]:
    """The reply cut around the one word that tells an answer from a refusal."""
    words = nano.language(lang)
    mark = next(m for m in (words["answer_mark"], words["refusal_mark"]) if m in said)
    head, tail = said.split(mark, 1)
    return head + mark[0], mark[1:-1], mark[-1] + tail
