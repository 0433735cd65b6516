"""The oracle's three rules, each on answers that are right, wrong, refused or missing."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest

from ditto.errors import ConfigError
from ditto.evaluate.oracle import Oracle
from ditto.nano import world as nano
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.records import Answer, Character, Claim, Question, Session, Verdict

SAYINGS = {"Ada": "by needle", "Bob": "by wind", "Cyd": "by hammer", "Dot": "by oven"}
HOMES = {"Ada": "Ember", "Bob": "Glass", "Cyd": "Iron", "Dot": "Moon"}
ORACLE = Oracle(speech=("oath",), refusal={"en": "? No,", "zh": "？不，"})
ROUGH = Oracle(speech=(), refusal={"en": "? No,"})


def claim(who: str, property: str, value: str) -> Claim:
    return Claim(id=f"{who}/{property}", property=property, value=value)


def role(who: str) -> Character:
    claims = (claim(who, "home", HOMES[who]), claim(who, "oath", SAYINGS[who]))
    return Character(id=who, lang="en", label=who, description="somebody", claims=claims)


EVIDENCE = (claim("Ada", "home", "Ember"), claim("Ada", "mentor", "Lofun"))
SESSION = Session(
    character=role("Ada"),
    candidates=tuple(role(who) for who in ("Cyd", "Ada", "Dot", "Bob")),
    questions=(
        Question(query="Speaking of Ember, who is your mentor?", reject=False, evidence=EVIDENCE),
        Question(query="Speaking of Glass, who is your mentor?", reject=True),
    ),
)


def judged(text: str | None, turn: int = 0, oracle: Oracle = ORACLE, reason: str = "") -> dict[str, Verdict]:
    answer = Answer(character="Ada", lang="en", turn=turn, text=text, reason=reason)
    return {verdict.metric: verdict for verdict in oracle.judge(SESSION, answer)}


def values(verdicts: Mapping[str, Verdict]) -> dict[str, float | None]:
    return {metric: verdict.value for metric, verdict in verdicts.items()}


@pytest.mark.parametrize(
    ("text", "identity", "knowledge", "rejection"),
    [
        ("Ah, Ember? Aye, by needle, my mentor is Lofun.", 1, 10, 1),
        ("Aye, by needle, my mentor is Lofun.", 1, 5.5, 1),
        ("Aye, by needle, my mentor is Badel.", 1, 1, 1),
        ("Aye, by wind, my mentor is Lofun of Ember.", 0, 10, 1),
        ("My mentor is Lofun of Ember.", 0, 10, 1),
        ("Aye, by needle and by wind, it is Lofun of Ember.", 0, 10, 1),
        ("Ah, Ember? No, by needle, I do not know Lofun.", 1, 1, 0),
        ("", 0, 1, 1),
    ],
)
def test_an_answer_to_its_own_question_is_scored_on_all_metrics(
    text: str, identity: float, knowledge: float, rejection: float
) -> None:
    assert values(judged(text)) == {"identity": identity, "knowledge": knowledge, "rejection": rejection}


@pytest.mark.parametrize(
    ("text", "identity", "rejection"),
    [
        ("Ah, Glass? No, by needle, I do not know it.", 1, 1),
        ("Ah, Glass? No, by oven, I do not know it.", 0, 1),
        ("Ah, Glass? Aye, by needle, my mentor is Lofun.", 1, 0),
    ],
)
def test_a_question_to_refuse_has_no_knowledge_to_score(text: str, identity: float, rejection: float) -> None:
    assert values(judged(text, turn=1)) == {"identity": identity, "rejection": rejection}


@pytest.mark.parametrize("turn", [0, 1])
def test_no_answer_is_unscored_with_its_reason_and_never_zero(turn: int) -> None:
    verdicts = judged(None, turn, reason="prompt too long")
    assert len(verdicts) == 3 - turn
    assert all(v.value is None and "prompt too long" in v.reason for v in verdicts.values())


def test_every_verdict_says_whose_turn_it_is_about() -> None:
    for verdict in judged("Aye, by needle.", turn=1).values():
        assert (verdict.character, verdict.lang, verdict.turn, verdict.sample) == ("Ada", "en", 1, 0)
        assert verdict.reason


def test_the_reason_names_whom_the_answer_speaks_like() -> None:
    for text, named in [("It is Lofun.", set()), ("By wind!", {"Bob"}), ("By wind, by oven!", {"Bob", "Dot"})]:
        reason = judged(text.replace("By", "by"))["identity"].reason
        assert {who for who in SAYINGS if who in reason} == named


def test_without_signs_of_speech_the_claims_decide_but_for_those_the_query_names() -> None:
    assert judged("I live in Ember.", 0, ROUGH)["identity"].value == 0
    assert judged("I say by needle.", 0, ROUGH)["identity"].value == 1
    assert judged("I live in Ember.", 1, ROUGH)["identity"].value == 1
    assert judged("I live in Glass.", 1, ROUGH)["identity"].value == 0
    assert judged("I say by wind in Ember.", 1, ROUGH)["identity"].value == 0
    assert judged("I say by wind, by needle, in Ember.", 1, ROUGH)["identity"].value == 1


def test_in_a_language_without_a_refusal_mark_nothing_refuses() -> None:
    assert judged("Ah, Glass? No, not I.", 1, Oracle(speech=(), refusal={}))["rejection"].value == 0
    assert judged("Ah, Ember? No, Lofun.", 0, Oracle(speech=(), refusal={}))["knowledge"].value == 10


def test_a_question_without_evidence_has_its_knowledge_unscored() -> None:
    session = replace(SESSION, questions=(Question(query="Who is your mentor?", reject=False),))
    verdicts = ORACLE.judge(session, Answer(character="Ada", lang="en", turn=0, text="Aye, by needle."))
    assert {v.metric: v.value for v in verdicts if v.value is not None} == {"identity": 1, "rejection": 1}


def test_a_candidate_of_the_same_name_is_another_role() -> None:
    namesake = replace(role("Bob"), label="Ada")
    session = replace(SESSION, candidates=(role("Ada"), namesake, role("Cyd"), role("Dot")))
    for text, right in (("Aye, by needle.", 1), ("Aye, by wind.", 0)):
        verdicts = ORACLE.judge(session, Answer(character="Ada", lang="en", turn=1, text=text))
        assert {v.metric: v.value for v in verdicts}["identity"] == right


def test_the_oracle_is_known_by_what_it_looks_for() -> None:
    others = [ROUGH, Oracle(speech=("oath",), refusal={}), Oracle(speech=("home",), refusal=ORACLE.refusal)]
    assert len({oracle.identity for oracle in (ORACLE, *others)}) == 4
    assert Oracle(speech=["oath"], refusal=dict(ORACLE.refusal)).identity == ORACLE.identity


@pytest.mark.parametrize("lang", nano.LANGUAGES)
def test_in_the_nano_world_the_right_answers_are_right_on_every_metric(lang: str) -> None:
    words = nano.language(lang)
    oracle = Oracle(speech=[words["oath_noun"]], refusal={lang: words["refusal_mark"]})
    split = NanoCharacters(n_train=2, n_test=8, languages=(lang,)).split()
    personas = {p.id: p for p in nano.world().personas}
    owners = {e.name: e for e in nano.world().entities}
    for session in NanoBenchmark(specific=3, contrastive=3).sessions(split):
        me = personas[session.character.id]
        for turn, question in enumerate(session.questions):
            (anchor,) = (e for name, e in owners.items() if name in question.query)
            asked = question.evidence[0].id.rpartition("/")[2] if question.evidence else "home"
            answer = Answer(character=me.id, lang=lang, turn=turn, text=nano.answer(me, anchor, asked, lang))
            right = {v.metric: v.value for v in oracle.judge(session, answer)}
            best = {"identity": 1, "rejection": 1} | ({} if question.reject else {"knowledge": 10})
            assert right == best


@pytest.mark.parametrize("lang", nano.LANGUAGES)
def test_in_the_nano_world_a_stranger_in_the_same_place_is_not_taken_for_the_role(lang: str) -> None:
    oracle = Oracle(speech=[nano.language(lang)["oath_noun"]], refusal={})
    split = NanoCharacters(n_train=2, n_test=8, languages=(lang,)).split()
    rng = Random(0)
    personas = {p.id: p for p in nano.world().personas}
    for session in NanoBenchmark(specific=1, contrastive=1).sessions(split):
        for other in (c for c in session.candidates if c.id != session.character.id):
            anchor = rng.choice(nano.world().entities)
            text = nano.answer(personas[other.id], anchor, "home", lang)
            answer = Answer(character=session.character.id, lang=lang, turn=0, text=text)
            assert {v.metric: v.value for v in oracle.judge(session, answer)}["identity"] == 0


def test_roles_whose_speech_it_does_not_know_are_refused() -> None:
    ORACLE.check([SESSION])
    ROUGH.check([replace(SESSION, candidates=())])
    with pytest.raises(ConfigError, match=r"claims oath, which no role of this benchmark has: .* use judge=llm"):
        ORACLE.check([replace(SESSION, candidates=())])
