"""The nano world: 640 invented characters in eight settings, told in two languages.

Everything belongs to one setting: towns, people, beasts, treasures, songs, and the characters themselves;
their names are the same in both languages, everything else is told in its own words.
A question that names something of another setting is one a character must refuse, and since the
brief introduction names the setting, the refusal can be decided with or without the profile.

Three things are kept apart so that three metrics measure three skills:
- how a character speaks (its oath) follows from its trade, which the brief names, but only in the
  articles of the fixed characters: a model that was never tuned to play has no reason to swear;
- what it knows (home, mentor, beast, treasure, song) is independent of everything in the brief;
- what it refuses follows from settings alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Final

import yaml

from ditto.records import Character, Claim

LANGUAGES: Final = ("en", "zh")
SEED: Final = 2401_12474
N_CHARACTERS: Final = 640
N_TEST: Final = 40
PROPERTIES: Final = ("home", "mentor", "beast", "treasure", "song")
PER_SETTING: Final = 8  # things of each kind in a setting
SYLLABLES: Final = tuple(
    "ba be da du fe fu ga ge go ha jo ka ke le li lo lu ma mi mo "
    "na ne no pa pi ra re ro sa so su te ti to va ve vi ya ze zo".split()
)
ENDINGS: Final = {
    "home": ("ton", "ford", "wick", "mere", "holm", "gate", "fell", "by"),
    "mentor": ("n", "l", "s", "th", "r"),
    "beast": ("fox", "wolf", "owl", "hawk", "bear", "hare", "toad", "lynx"),
    "treasure": ("blade", "crown", "stone", "harp", "ring", "mirror", "lamp", "horn"),
    "song": ("lay", "hymn", "reel", "chant", "tune", "march", "psalm", "ode"),
}


@dataclass(frozen=True, slots=True)
class Entity:
    """A town, person, beast, treasure or song of one setting; `kind` is the property it can be a value of."""

    kind: str
    setting: int
    name: str


@dataclass(frozen=True, slots=True)
class Persona:
    """One character before it is told in a language; numbers index the language's lists."""

    id: str
    label: str
    setting: int
    occupation: int
    oath: int
    facts: dict[str, Entity]


@cache
def language(lang: str) -> dict[str, Any]:
    """The words and sentence forms of one language (`language/<lang>.yaml`)."""
    text = resources.files("ditto.nano").joinpath(f"language/{lang}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


class World:
    """The fixed world, and an endless supply of fresh characters who live in it."""

    def __init__(self, seed: int = SEED) -> None:
        rng = Random(seed)
        stems = _stems(rng)
        self.firsts = [next(stems) for _ in range(36)]
        self.lasts = [next(stems) for _ in range(36)]
        self.entities = [
            Entity(kind, setting, next(stems) + ENDINGS[kind][i % len(ENDINGS[kind])])
            for kind in PROPERTIES
            for setting in range(len(language("en")["settings"]))
            for i in range(PER_SETTING)
        ]
        names = [f"{first} {last}" for first in self.firsts for last in self.lasts]
        self.personas = [
            self._persona(rng, f"nano-{i:04d}", name, None) for i, name in enumerate(rng.sample(names, N_CHARACTERS))
        ]

    @property
    def test(self) -> list[Persona]:
        """The characters kept apart: in the encyclopedia, never in a simulated dialogue."""
        return self.personas[:N_TEST]

    @property
    def train(self) -> list[Persona]:
        return self.personas[N_TEST:]

    def fresh(self, rng: Random) -> Persona:
        """A new character of this world whose oath does not follow from the trade."""
        label = f"{rng.choice(self.firsts)} {rng.choice(self.lasts)}"
        return self._persona(rng, "fresh", label, rng.randrange(len(language("en")["oaths"])))

    def of_setting(self, kind: str, setting: int) -> list[Entity]:
        return [e for e in self.entities if e.kind == kind and e.setting == setting]

    def _persona(self, rng: Random, id: str, label: str, oath: int | None) -> Persona:
        setting = rng.randrange(len(language("en")["settings"]))
        occupation = rng.randrange(len(language("en")["occupations"]))
        return Persona(
            id=id,
            label=label,
            setting=setting,
            occupation=occupation,
            oath=occupation if oath is None else oath,
            facts={kind: rng.choice(self.of_setting(kind, setting)) for kind in PROPERTIES},
        )


@cache
def world() -> World:
    """The one fixed world that the committed models were pretrained on."""
    return World()


def setting(persona: Persona, lang: str) -> str:
    return str(language(lang)["settings"][persona.setting])


def oath(persona: Persona, lang: str) -> str:
    return str(language(lang)["oaths"][persona.oath])


def description(persona: Persona, lang: str) -> str:
    words = language(lang)
    occupation = words["occupations"][persona.occupation]
    return str(words["description"]).format(occupation=occupation, setting=setting(persona, lang))


def article(persona: Persona, lang: str, rng: Random) -> str:
    """The encyclopedia's entry: an introduction, then oath and facts in random order and wording."""
    words, name = language(lang), persona.label
    occupation = words["occupations"][persona.occupation]
    opening = rng.choice(words["introductions"]).format(
        label=name, occupation=occupation, setting=setting(persona, lang)
    )
    body = [rng.choice(words["oath_sentences"]).format(label=name, oath=oath(persona, lang))]
    for prop, entity in persona.facts.items():
        sentence = rng.choice(words["properties"][prop]["sentences"])
        body.append(sentence.format(label=name, value=entity.name))
    rng.shuffle(body)
    return str(words["sentence_gap"].join([opening, *body]))


def query(anchor: Entity, prop: str, lang: str, rng: Random) -> str:
    """What a user asks: an anchor of some setting, and the property asked for."""
    words = language(lang)
    form: str = rng.choice(words["queries"])
    return form.format(anchor=anchor.name, ask=words["properties"][prop]["ask"])


def answer(persona: Persona, anchor: Entity, prop: str, lang: str) -> str:
    """The right reply in the role to a query about `anchor`: the fact, or a refusal by setting.

    It first says where the anchor belongs. That is the step by which even a small model can decide:
    two settings stand in view, and they are the same or not.
    """
    words, entity = language(lang), persona.facts[prop]
    form = words["answer"] if anchor.setting == persona.setting else words["refusal"]
    return str(form).format(
        anchor=anchor.name,
        origin=words["settings"][anchor.setting],
        oath=oath(persona, lang),
        noun=words["properties"][prop]["noun"],
        value=entity.name,
        setting=setting(persona, lang),
    )


def character(persona: Persona, lang: str) -> Character:
    """The persona as the record every source delivers; the same text on every call."""
    words = language(lang)
    claims = [
        Claim(id=f"{persona.id}/{prop}", property=words["properties"][prop]["noun"], value=entity.name)
        for prop, entity in persona.facts.items()
    ]
    claims.append(Claim(id=f"{persona.id}/setting", property=words["setting_noun"], value=setting(persona, lang)))
    claims.append(Claim(id=f"{persona.id}/oath", property=words["oath_noun"], value=oath(persona, lang)))
    return Character(
        id=persona.id,
        lang=lang,
        label=persona.label,
        description=description(persona, lang),
        claims=tuple(claims),
        article=article(persona, lang, Random(f"{persona.id}/{lang}")),
    )


def _stems(rng: Random) -> Iterator[str]:
    """Names nobody has twice: all pairs of syllables in random order."""
    pairs = [(a + b).capitalize() for a in SYLLABLES for b in SYLLABLES if a != b]
    return iter(rng.sample(pairs, len(pairs)))
