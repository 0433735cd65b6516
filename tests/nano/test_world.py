"""The invented world: one name a thing, one setting a person, and three skills that do not give each other away."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from random import Random

import pytest

from ditto.nano import world as nano
from ditto.nano.tokenizer import build_tokenizer
from ditto.nano.world import LANGUAGES, N_CHARACTERS, N_TEST, PER_SETTING, PROPERTIES, World, world

DIGEST = """
import hashlib, json
from dataclasses import asdict
from ditto.nano.world import character, world
told = [asdict(character(p, lang)) for lang in ("en", "zh") for p in world().personas]
print(hashlib.sha256(json.dumps(told).encode()).hexdigest())
"""


def strangers(n: int) -> list[nano.Persona]:
    rng = Random(0)
    return [world().fresh(rng) for _ in range(n)]


def test_every_character_has_a_name_of_its_own() -> None:
    people = world().personas
    assert len({p.label for p in people}) == len({p.id for p in people}) == len(people) == N_CHARACTERS


def test_those_to_test_and_those_to_train_on_are_all_and_apart() -> None:
    assert len(world().test) == N_TEST == 40
    assert [*world().test, *world().train] == world().personas


def test_every_setting_has_its_things_and_no_name_is_used_twice() -> None:
    places = len(nano.language("en")["settings"])
    assert Counter((e.kind, e.setting) for e in world().entities) == {
        (kind, place): PER_SETTING for kind in PROPERTIES for place in range(places)
    }
    names = [e.name for e in world().entities] + world().firsts + world().lasts
    assert len(set(names)) == len(names)
    assert not any(a != b and a in b for a in names for b in names)


def test_every_name_is_one_token() -> None:
    tokenizer = build_tokenizer()
    for name in [e.name for e in world().entities] + world().firsts + world().lasts:
        (token,) = tokenizer(f" {name}", add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(token) == f" {name}"


def test_everything_about_a_character_is_of_its_setting() -> None:
    for persona in [*world().personas, *strangers(500)]:
        assert tuple(persona.facts) == PROPERTIES
        assert {e.setting for e in persona.facts.values()} == {persona.setting}
        assert all(e.kind == prop for prop, e in persona.facts.items())


def test_the_oath_follows_from_the_trade_of_a_fixed_character_alone() -> None:
    assert all(p.oath == p.occupation for p in world().personas)
    oaths = len(nano.language("en")["oaths"])
    fresh = strangers(2000)
    assert sum(p.oath == p.occupation for p in fresh) / 2000 == pytest.approx(1 / oaths, abs=0.02)
    assert {p.oath for p in fresh} == set(range(oaths))


def test_what_a_character_knows_does_not_follow_from_its_introduction() -> None:
    choices: dict[tuple[int, int], set[str]] = {}
    for p in world().personas:
        choices.setdefault((p.setting, p.occupation), set()).add(p.facts["home"].name)
    assert sum(map(len, choices.values())) / len(choices) > 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_article_names_every_fact_and_who_it_is_about(lang: str) -> None:
    words = nano.language(lang)
    for persona in [*world().personas, *strangers(200)]:
        text = nano.article(persona, lang, Random(persona.label))
        named = [persona.label, words["occupations"][persona.occupation], words["settings"][persona.setting]]
        named += [words["oaths"][persona.oath], *(e.name for e in persona.facts.values())]
        assert all(name in text for name in named)
        assert "{" not in text
        others = {e.name for e in world().entities} - {e.name for e in persona.facts.values()}
        assert not any(name in text for name in others)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_article_is_told_in_many_ways(lang: str) -> None:
    rng, persona = Random(0), world().personas[0]
    assert len({nano.article(persona, lang, rng) for _ in range(100)}) > 90


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_character_refuses_what_is_not_of_its_setting_and_nothing_else(lang: str) -> None:
    words, rng = nano.language(lang), Random(0)
    for persona in world().personas[:100]:
        for anchor in world().entities:
            prop = rng.choice(PROPERTIES)
            said = nano.answer(persona, anchor, prop, lang)
            refuses = anchor.setting != persona.setting
            assert (words["refusal_mark"] in said) == refuses
            assert (words["answer_mark"] in said) == (not refuses)
            assert anchor.name in said
            assert words["settings"][anchor.setting] in said
            assert nano.oath(persona, lang) in said
            assert (persona.facts[prop].name in said) == (not refuses or persona.facts[prop] == anchor)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_query_names_its_anchor_and_nothing_of_whom_it_is_put_to(lang: str) -> None:
    rng = Random(0)
    anchor = world().entities[0]
    asked = {nano.query(anchor, prop, lang, rng) for prop in PROPERTIES for _ in range(30)}
    assert len(asked) == len(PROPERTIES) * len(nano.language(lang)["queries"])
    assert all(anchor.name in text for text in asked)
    assert not any(e.name in text for e in world().entities[1:] for text in asked)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_record_of_a_character_holds_its_facts_as_claims(lang: str) -> None:
    persona = world().test[0]
    record = nano.character(persona, lang)
    words = nano.language(lang)
    assert {c.id: c.value for c in record.claims} == {
        **{f"{persona.id}/{prop}": e.name for prop, e in persona.facts.items()},
        f"{persona.id}/setting": words["settings"][persona.setting],
        f"{persona.id}/oath": words["oaths"][persona.oath],
    }
    assert all(claim.value in record.article for claim in record.claims)
    assert record == nano.character(persona, lang)
    assert words["oaths"][persona.oath] not in record.description


def test_both_languages_have_the_same_words_in_the_same_places() -> None:
    english, chinese = (nano.language(lang) for lang in LANGUAGES)
    assert shape(english) == shape(chinese)
    for lang in (english, chinese):
        assert len(lang["oaths"]) == len(lang["occupations"])
        for words in ("settings", "occupations", "oaths"):
            assert len(set(lang[words])) == len(lang[words])
            assert not any(a != b and a in b for a in lang[words] for b in lang[words])


def shape(node: object) -> object:
    if isinstance(node, dict):
        return {key: shape(value) for key, value in node.items()}
    return [shape(child) for child in node] if isinstance(node, list) else None


def test_another_seed_makes_another_world() -> None:
    assert World(1).entities != world().entities
    assert World(nano.SEED).personas == world().personas


def test_two_processes_tell_of_the_same_world() -> None:
    told = [asdict(nano.character(p, lang)) for lang in LANGUAGES for p in world().personas]
    here = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    run = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.strip() == here
