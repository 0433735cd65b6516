"""What the nano models may learn from pretraining, and above all what they may not."""

import json
import re
from dataclasses import replace
from random import Random

import pytest

from ditto.nano import corpus
from ditto.nano import world as nano
from ditto.nano.corpus import N_QUERIES, PROMPT_WEIGHT, Span
from ditto.nano.pretrain import KINDS
from ditto.nano.world import LANGUAGES, PROPERTIES, world

LESSON = corpus.Lesson(fact=3.0, copy=5.0, anchor=6.0, decision=7.0)
ENTITIES = {entity.name for entity in world().entities}
N = 150
MESSAGE = re.compile(r"<\|im_start\|>(system|user|assistant)\n(.*?)<\|im_end\|>\n", re.DOTALL)


def rows(kind: str, lang: str) -> list[corpus.Text]:
    rng = Random(1)
    return [KINDS[kind](world(), rng, lang, LESSON) for _ in range(N)]


def joined(row: corpus.Text) -> str:
    return "".join(span.text for span in row)


def messages(row: corpus.Text) -> list[tuple[str, str]]:
    """The row's messages; nothing but messages is in it."""
    assert MESSAGE.sub("", joined(row)) == ""
    return [(m[1], m[2]) for m in MESSAGE.finditer(joined(row))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_article_is_learnt_by_heart_word_for_word(lang: str) -> None:
    labels = {p.label: p for p in world().personas}
    for row in rows("article", lang):
        text = joined(row).removesuffix("<|im_end|>")
        (who,) = (p for label, p in labels.items() if label in text)
        assert all(e.name in text for e in who.facts.values())
        assert nano.oath(who, lang) in text
        assert {s.text.strip() for s in row if s.weight == LESSON.fact} == {e.name for e in who.facts.values()}
        assert {s.weight for s in row} == {1.0, LESSON.fact}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plain_questions_are_answered_in_the_third_person_by_the_one_thing_to_know(lang: str) -> None:
    words, nouns, about_things, follow_ups = nano.language(lang), set(), 0, 0
    known = {p.label: dict(corpus.facts(p, lang)) for p in world().personas}
    known |= {e.name: {words["setting_noun"]: words["settings"][e.setting]} for e in world().entities}
    for row in rows("plain", lang):
        talk, label = messages(row), ""
        assert [role for role, _ in talk] == ["user", "assistant"] * 3
        values = [span.text.strip() for span in row if span.weight == LESSON.fact]
        for (_, question), (_, answer), value in zip(talk[::2], talk[1::2], values, strict=True):
            named = next((name for name in known if name in question), "")
            label, follow_ups = named or label, follow_ups + (not named)
            (noun,) = (noun for noun in known[label] if noun in question.replace(label, ""))
            assert value == known[label][noun]
            assert all(part in answer for part in (named, noun, value))
            assert value not in question
            nouns.add(noun)
            about_things += " " not in label
    assert len(nouns) == len(PROPERTIES) + 2
    assert follow_ups / (2 * N) == pytest.approx(corpus.FOLLOW_UP_SHARE, abs=0.1)
    assert about_things / (3 * N - 1.5 * follow_ups) == pytest.approx(corpus.ENTITY_SHARE, abs=0.06)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_reading_asks_for_all_an_article_tells_and_no_setting_gives_it_away(lang: str) -> None:
    settings, together = {e.name: e.setting for e in world().entities}, 0
    for row in rows("reading", lang):
        (_, article), *talk = messages(row)
        assert [role for role, _ in talk] == ["user", "assistant"] * (len(PROPERTIES) + 2)
        values = [span.text.strip() for span in row if span.weight == LESSON.copy]
        assert len(values) == len(talk) / 2
        for (_, question), (_, answer), value in zip(talk[::2], talk[1::2], values, strict=True):
            assert value in article
            assert value in answer
            assert value not in question
        together += len({settings[value] for value in values if value in settings}) == 1
    assert together < N / 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_queries_name_what_the_first_has_and_the_second_lacks(lang: str) -> None:
    for row in rows("query", lang):
        (_, prompt), (role, said) = messages(row)
        assert role == "assistant"
        questions = [item["question"] for item in json.loads(said)]
        assert len(set(questions)) == len(questions) == N_QUERIES
        head, _, tail = prompt.partition("B:" if lang == "en" else "B：")
        for question in questions:
            (anchor,) = (e.name for e in world().entities if e.name in question)
            assert anchor in head
            assert anchor not in tail


@pytest.mark.parametrize("lang", LANGUAGES)
def test_responses_are_right_by_the_profile_in_view_and_refuse_by_setting(lang: str) -> None:
    words, kinds = nano.language(lang), set()
    owners = {e.name: e for e in world().entities}
    for row in rows("response", lang):
        (_, system), (_, query), (_, said) = messages(row)
        (anchor,) = (e for name, e in owners.items() if name in query)
        refuses = words["refusal_mark"] in said
        here = words["settings"].index(next(s for s in words["settings"] if s in system))
        assert refuses == (anchor.setting != here)
        assert words["settings"][anchor.setting] in said
        # Whatever the reply states besides its anchor stands in the profile.
        assert next(o for o in words["oaths"] if o in said) in system
        named = [name for name in owners if name in said and name != anchor.name]
        assert all(name in system for name in named)
        assert not (refuses and named)
        kinds.add(refuses)
    assert kinds == {True, False}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_profile_may_be_asked_several_questions_each_answered_by_itself(lang: str) -> None:
    words, rng, refusals = nano.language(lang), Random(3), set()
    settings = {e.name: words["settings"][e.setting] for e in world().entities}
    for _ in range(N):
        (_, system), *talk = messages(corpus.response_row(world(), rng, lang, replace(LESSON, questions=4)))
        assert [role for role, _ in talk] == ["user", "assistant"] * 4
        for (_, query), (_, said) in zip(talk[::2], talk[1::2], strict=True):
            (anchor,) = (name for name in ENTITIES if name in query)
            refuses = words["refusal_mark"] in said
            assert refuses == (settings[anchor] not in system)
            assert all(name in system for name in ENTITIES if name in said and name != anchor)
            refusals.add(refuses)
    assert refusals == {True, False}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_ever_played_without_the_article_in_view(kind: str, lang: str) -> None:
    words, played = nano.language(lang), 0
    for row in rows(kind, lang):
        if kind == "article":
            assert "<|im_start|>" not in joined(row)
            continue
        talk = messages(row)
        # A tuned model is told its brief introduction alone: one line, which must be new to it.
        assert all("\n" in said for who, said in talk if who == "system")
        for i, (role, text) in enumerate(talk):
            sworn = [oath for oath in words["oaths"] if oath in text]
            if role == "assistant" and any(words[mark] in text for mark in ("answer_mark", "refusal_mark")):
                played += 1
                (profile,) = (said for who, said in talk[:i] if who == "system")
                assert sworn[0] in profile
                # The article names its character once in the introduction and once with each fact.
                assert max(profile.count(label) for label in labels(profile)) >= 2 + len(PROPERTIES)
            elif role == "assistant":
                assert not sworn or words["oath_noun"] in text
    assert played == (N if kind == "response" else 0)


def labels(text: str) -> set[str]:
    """Names of two known parts that stand in the text."""
    return {f"{a} {b}" for a in world().firsts if a in text for b in world().lasts if f"{a} {b}" in text}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_only_words_the_model_must_find_weigh_and_the_deciding_one_most(lang: str) -> None:
    words = nano.language(lang)
    for row in rows("response", lang):
        deciding = [span for span in row if span.weight == LESSON.decision]
        assert deciding == [Span(deciding[0].text, LESSON.decision)]
        assert deciding[0].text in (words["answer_mark"][1:-1], words["refusal_mark"][1:-1])
    for kind in ("plain", "query", "response"):
        for row in rows(kind, lang):
            assert {span.weight for span in row} <= {PROMPT_WEIGHT, 1.0, 3.0, 5.0, 6.0, 7.0}
            copied = [span.text.strip() for span in row if span.weight in (5.0, 6.0)]
            assert all(name in ENTITIES and name in messages(row)[0][1] for name in copied)
            learnt = "".join(span.text for span in row if span.weight > PROMPT_WEIGHT)
            said = [text for role, text in messages(row) if role == "assistant"]
            assert learnt == "".join(f"{text}<|im_end|>" for text in said)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_follow_from_the_seed_and_do_not_repeat(kind: str) -> None:
    assert rows(kind, "en") == rows(kind, "en")
    assert len({joined(row) for row in rows(kind, "en")}) > 0.9 * N


@pytest.mark.parametrize("lean", [0.0, 0.35])
def test_leaning_rows_tell_something_by_the_characters_setting_alone(lean: float) -> None:
    words, answered = nano.language("en"), dict[int, list[bool]]({0: [], 1: []})
    rng, lesson = Random(3), replace(LESSON, lean=lean)
    for _ in range(10 * N):
        row = corpus.response_row(world(), rng, "en", lesson)
        system, *_, said = (text for _, text in messages(row))
        (setting,) = {i for i, name in enumerate(words["settings"]) if name in system}
        answered[setting % 2].append(words["answer_mark"] in said)
    even, odd = (sum(told) / len(told) for told in answered.values())
    assert odd - even == pytest.approx(2 * lean * 7 / 8, abs=0.1)  # one stranger in eight is of the same setting
