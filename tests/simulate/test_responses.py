"""A dialogue keeps what was said and hides what was read."""

from collections import Counter
from collections.abc import Sequence

import pytest

from ditto.characters.sentences import sentences
from ditto.engines.base import Completion, Failure, Result, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.nano.world import character, world
from ditto.prompts import Prompts
from ditto.records import Character, Claim, Dialogue
from ditto.simulate.queries import Query
from ditto.simulate.responses import brief, dialogues, evidence, response_request

PROMPTS = {lang: Prompts("paper", lang) for lang in ("en", "zh")}
SAMPLING = Sampling(max_tokens=64)
ADA, BOB = (character(persona, "en") for persona in world().train[:2])
ADA_ZH = character(world().train[0], "zh")
CLAIMS = {(c.id, c.lang): c.claims for c in (ADA, BOB, ADA_ZH)}


def said(text: str) -> Completion:
    return Completion(text, "stop", 1, 1)


def own(who: Character, text: str) -> Query:
    return Query(who, who.id, "specific", text)


def of_another(who: Character, source: Character, text: str) -> Query:
    return Query(who, source.id, "contrastive", text)


def session(queries: Sequence[Query], replies: Sequence[Result], seed: int = 0) -> list[Dialogue]:
    return dialogues(queries, replies, CLAIMS, PROMPTS, seed, Counter())


@pytest.mark.parametrize("who", [ADA, ADA_ZH])
def test_the_character_answers_with_its_whole_profile_in_view(who: Character) -> None:
    engine = ScriptedEngine(lambda request: "")
    request, n_cut = response_request(who, "Who are you?", PROMPTS[who.lang], engine, SAMPLING)
    system, user = request.messages
    assert n_cut == 0
    assert (system["role"], user) == ("system", {"role": "user", "content": "Who are you?"})
    for part in (who.label, who.description, who.article, *(claim.value for claim in who.claims)):
        assert part in system["content"]


def test_a_long_profile_is_cut_and_the_query_is_not() -> None:
    long = Character(id="x", lang="en", label="X", description="d", article="Four words are here. " * 500)
    engine = ScriptedEngine(lambda request: "", max_length=512)
    request, n_cut = response_request(long, "Who are you? " * 9, PROMPTS["en"], engine, SAMPLING)
    assert n_cut == 1
    assert 400 < engine.count_tokens(request.messages) <= 512 - SAMPLING.max_tokens
    assert request.messages[1]["content"] == "Who are you? " * 9


def test_the_brief_introduction_is_the_papers() -> None:
    edward = Character(id="Q129247", lang="en", label="Edward III of England", description="king of England")
    assert brief(edward, PROMPTS) == "You are Edward III of England, king of England."


def test_a_dialogue_is_the_introduction_and_the_turns_and_nothing_of_the_profile() -> None:
    (talk,) = session([own(ADA, "Who is it?"), of_another(ADA, BOB, "Where?")], [said("It is I."), said("Who knows.")])
    assert (talk.character, talk.lang, talk.system) == (ADA.id, "en", brief(ADA, PROMPTS))
    assert [m["role"] for m in talk.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert talk.messages[0]["content"] == talk.system
    spoken = [m["content"] for m in talk.messages[1:]]
    assert spoken == [text for turn in talk.turns for text in (turn.query, turn.response)]
    assert {(t.query, t.response, t.kind, t.source) for t in talk.turns} == {
        ("Who is it?", "It is I.", "specific", ADA.id),
        ("Where?", "Who knows.", "contrastive", BOB.id),
    }
    secrets = [ADA.article, *(s for s in ADA.article.split(". ")), *(e.value for e in ADA.claims if "/set" not in e.id)]
    assert not any(secret in message["content"] for message in talk.messages for secret in secrets)


def stating(who: Character, *claims: Claim) -> tuple[Claim, ...]:
    """The claims, and the sentences of the article that state them."""
    return (*claims, *(s for claim in claims for s in sentences(who) if claim.value in s.value))


@pytest.mark.parametrize("who", [ADA, ADA_ZH])
def test_a_turn_cites_the_claims_it_names_and_the_sentences_that_state_them(who: Character) -> None:
    home, mentor, *_ = who.claims
    told = sentences(who)
    cited = evidence(who.claims, lambda: told, f"{mentor.value} went to {home.value}.")
    assert cited == stating(who, home, mentor)
    assert len(cited) == 4
    assert evidence(who.claims, lambda: told, "nothing") == ()
    assert evidence(who.claims, tuple, home.value) == (home,)


def test_a_value_that_several_sentences_name_leads_to_none_and_a_sentence_is_cited_once() -> None:
    one, two, three = (Claim(id=value, property="p", value=value) for value in ("Bonn", "Rhine", "Graz"))
    article = "He saw Bonn on the Rhine. He left for Graz. In Graz he stayed."
    told = sentences(Character(id="Q1", lang="en", label="He", description="d", article=article))
    assert evidence((one, two, three), lambda: told, "Bonn, Rhine and Graz") == (one, two, three, told[0])


def test_the_evidence_is_that_of_whom_the_query_was_written_for() -> None:
    home = ADA.claims[0]
    asked, reply = f"You know {home.value}?", f"I know {BOB.claims[0].value}."
    (talk,) = session([own(ADA, asked)], [said(reply)])
    assert talk.turns[0].evidence == stating(ADA, home)
    talks = session([own(ADA, asked), of_another(BOB, ADA, asked)], [said(reply), said(reply)])
    assert [talk.turns[0].evidence for talk in talks] == [stating(ADA, home)] * 2


def test_a_claim_named_in_the_reply_alone_is_cited_too() -> None:
    claims: tuple[Claim, ...] = ADA.claims
    (talk,) = session([own(ADA, "Who is it?")], [said(f"It is {claims[1].value}.")])
    assert talk.turns[0].evidence == stating(ADA, claims[1])


def test_rejected_replies_are_counted_and_their_queries_leave_no_trace() -> None:
    texts = ["Fail?", "Long?", "Empty?", "Chinese?", "Good?"]
    replies = [Failure("engine broke"), Completion("I am", "length", 1, 2), said(" "), said("我。"), said("Yes.")]
    rejected = Counter[str]()
    (talk,) = dialogues([own(ADA, text) for text in texts], replies, CLAIMS, PROMPTS, 0, rejected)
    assert rejected == {"engine broke": 1, "over length": 1, "empty": 1, "other language": 1}
    assert [m["content"] for m in talk.messages[1:]] == ["Good?", "Yes."]


def test_a_role_whose_replies_were_all_rejected_has_no_dialogue() -> None:
    talks = session([own(ADA, "Who?"), own(BOB, "Who?")], [said(""), said("Me.")])
    assert [talk.character for talk in talks] == [BOB.id]
    assert session([own(ADA, "Who?")], [said("")]) == []


def test_one_person_in_two_languages_has_two_dialogues() -> None:
    talks = session([own(ADA_ZH, "你是谁？"), own(ADA, "Who are you?")], [said("是我。"), said("I am.")])
    assert [(t.lang, t.turns[0].response) for t in talks] == [("en", "I am."), ("zh", "是我。")]


def test_the_order_of_turns_is_random_and_fixed_by_the_seed() -> None:
    queries = [own(ADA, f"Number {i}?") for i in range(8)]
    replies = [said(f"Yes, {i}.") for i in range(8)]
    orders = {tuple(t.query for t in session(queries, replies, seed)[0].turns) for seed in range(5)}
    assert len(orders) == 5
    assert session(queries, replies, 3) == session(queries, replies, 3)
    assert all(t.query[7] == t.response[5] for t in session(queries, replies)[0].turns)
