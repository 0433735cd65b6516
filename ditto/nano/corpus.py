"""What the nano models are pretrained on, drawn without end from a seed.

Five kinds of rows, each in both languages:
- *articles* of the fixed characters: what a model knows by heart;
- *plain* questions and answers about them and their surroundings, in the third person, one after another
  about one character or each about another;
- *reading*: the article of a fresh character whose things belong anywhere, and questions about it in the
  third person: nothing but the article tells;
- *queries*: from two fresh characters' profiles, write questions that one can answer and the other cannot;
- *responses*: from one fresh character's profile, answer in the role, or refuse by setting.

The last two are the role-play tasks of the paper's section 3.2, through the same prompts
that the pipeline uses. Their characters are drawn anew for every row, so that reading is learnt and
not memorised; a role-play without the profile never occurs: that is what DITTO has to teach.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from ditto.nano import world as nano
from ditto.nano.world import LANGUAGES, PROPERTIES, Persona, World
from ditto.prompts import Prompts
from ditto.records import Message

PROMPT_WEIGHT: Final = 0.3
ENTITY_SHARE: Final = 0.25  # of the plain questions: where a town, person, beast, treasure or song belongs
FOLLOW_UP_SHARE: Final = 0.5  # of the plain rows: several questions about one character
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

    `fact` is known by heart, `copy` a name taken from a profile, `anchor` such a name in a query,
    `decision` tells an answer from a refusal, and `origin` is the setting of what was asked about, on which it
    depends.

    With `lean`, characters of some settings are asked more about their own things and the others more about a
    stranger's: either setting, of the character and of the thing, says something by itself. Whether two things are
    the same says nothing before one looks at both, and a model may never begin to.
    """

    fact: float
    copy: float
    anchor: float
    decision: float
    questions: int = 1
    origin: float = 1
    lean: float = 0


def chat(role: str, content: str) -> str:
    """One message as the tokenizer's chat template writes it, for building rows by hand."""
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"


def reply(*parts: Span) -> Text:
    return [Span("<|im_start|>assistant\n", PROMPT_WEIGHT), *parts, Span("<|im_end|>", 1.0), Span("\n", PROMPT_WEIGHT)]


def article_row(world: World, rng: Random, lang: str, lesson: Lesson) -> Text:
    persona = rng.choice(world.personas)
    known = [entity.name for entity in persona.facts.values()]
    return _named(nano.article(persona, lang, rng) + "<|im_end|>", known, lesson.fact)


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
    """Three questions in the third person: about three things, or about one character named only at first."""
    if rng.random() < FOLLOW_UP_SHARE:
        persona = rng.choice(world.personas)
        first, *others = rng.sample(facts(persona, lang), 3)
        text = _asked(first, persona.label, lang, lesson)
        for fact in others:
            text += _asked(fact, None, lang, lesson)
        return text
    return [span for _ in range(3) for span in _asked(*_any_fact(world, rng, lang), lang, lesson)]


def reading_row(world: World, rng: Random, lang: str, lesson: Lesson) -> Text:
    """The article of a fresh character, and every question about it in the third person."""
    persona = world.fresh(rng)
    anything = {kind: rng.choice([e for e in world.entities if e.kind == kind]) for kind in PROPERTIES}
    persona = replace(persona, facts=anything)
    text = [Span(chat("user", nano.article(persona, lang, rng)), PROMPT_WEIGHT)]
    asked = facts(persona, lang)
    rng.shuffle(asked)
    for noun, value in asked:
        text += _asked((noun, value), persona.label, lang, replace(lesson, fact=lesson.copy))
    return text


def _any_fact(world: World, rng: Random, lang: str) -> tuple[tuple[str, str], str]:
    """Something one may ask, and of whom or what."""
    words = nano.language(lang)
    if rng.random() < ENTITY_SHARE:
        entity = rng.choice(world.entities)
        return (words["setting_noun"], words["settings"][entity.setting]), entity.name
    persona = rng.choice(world.personas)
    return rng.choice(facts(persona, lang)), persona.label


def _asked(fact: tuple[str, str], label: str | None, lang: str, lesson: Lesson) -> Text:
    """One question and its answer, about what `label` names or, without it, what was spoken of before."""
    words, (noun, value) = nano.language(lang), fact
    ask, say = ("question", "plain_answer") if label else ("follow_up", "follow_up_answer")
    question = words[ask].format(noun=noun, label=label)
    before, after = words[say].format(noun=noun, label=label, value="|").split("|")
    space = " " if value.isascii() else ""  # part of the token in Latin letters, out of place in Chinese
    answer = reply(Span(before.rstrip(), 1.0), Span(space + value, lesson.fact), Span(after, 1.0))
    return [Span(chat("user", question), PROMPT_WEIGHT), *answer]


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
    """Questions to one fresh character; half of them, at random, are a stranger's (see `Lesson.lean`)."""
    persona, stranger = world.fresh(rng), world.fresh(rng)
    own = 0.5 + (lesson.lean if persona.setting % 2 else -lesson.lean)
    play = role_play(persona, persona if rng.random() < own else stranger, rng, lang)
    row = [Span(chat(m["role"], m["content"]), PROMPT_WEIGHT) for m in play.messages]
    row += _said(play.said, persona, lang, lesson)
    for _ in range(lesson.questions - 1):
        more = role_play(persona, persona if rng.random() < own else stranger, rng, lang)
        row.append(Span(chat("user", more.messages[-1]["content"]), PROMPT_WEIGHT))
        row += _said(more.said, persona, lang, lesson)
    return row


def _said(said: str, persona: Persona, lang: str, lesson: Lesson) -> Text:
    head, mark, tail = _split_decision(said, lang)
    names = [entity.name for entity in persona.facts.values()]
    origin = _named(head, nano.language(lang)["settings"], lesson.origin)
    return reply(*origin, Span(mark, lesson.decision), *_named(tail, names, lesson.copy))


def _profile(persona: Persona, lang: str, rng: Random, prefix: str) -> dict[str, str]:
    return {
        f"{prefix}label": persona.label,
        f"{prefix}description": nano.description(persona, lang),
        f"{prefix}article": nano.article(persona, lang, rng),
    }


def _named(text: str, names: Sequence[str], weight: float) -> Text:
    """The text with `weight` on the names in it; a space before a name is part of its token."""
    parts = re.split(f"( ?(?:{'|'.join(names)}))", text)
    return [Span(part, weight if i % 2 else 1.0) for i, part in enumerate(parts)]


def _split_decision(said: str, lang: str) -> tuple[str, str, str]:
    """The reply cut around the one word that tells an answer from a refusal."""
    words = nano.language(lang)
    mark = next(m for m in (words["answer_mark"], words["refusal_mark"]) if m in said)
    head, tail = said.split(mark, 1)
    return head + mark[0], mark[1:-1], mark[-1] + tail
