"""Requests and tokens counted from records."""

from dataclasses import replace
from typing import Final

import pytest

from ditto.engines.base import Sampling
from ditto.models import Model
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.plan import workload
from ditto.plan.replies import Replies
from ditto.plan.ruler import Ruler
from ditto.prompts import Prompts
from ditto.records import Message
from ditto.simulate.settings import Simulation

NANO: Final = Model(name="nano_xs", path="embedded:nano_xs", max_length=512)
SPLIT: Final = NanoCharacters(n_train=10, n_test=4).split()
PACKS: Final = {lang: Prompts("nano", lang) for lang in ("en", "zh")}
SETTINGS: Final = Simulation(Sampling(temperature=1.0, max_tokens=80, n=3), Sampling(max_tokens=40), n_queries=3)


def test_every_pair_is_asked_for_samples_and_both_of_it_answer() -> None:
    queries, responses = workload.simulated(SPLIT.train, PACKS, SETTINGS, Ruler(NANO), Replies())
    assert (queries.requests, responses.requests) == (20 * 3, 20 * 3 * 2)
    assert queries.reply == 60 * 40
    assert responses.reply == 120 * 20
    assert queries.fresh == pytest.approx(queries.prompt / 3)
    assert queries.sent == queries.fresh
    assert responses.fresh < responses.prompt


def test_what_an_ablation_leaves_out_is_not_planned() -> None:
    def planned(settings: Simulation) -> tuple[float, float, float, float, float]:
        queries, responses = workload.simulated(SPLIT.train, PACKS, settings, Ruler(NANO), Replies())
        learnt = sum(workload.session_lengths(SPLIT.train, PACKS, settings, Ruler(NANO), Replies(), 512))
        return queries.requests, responses.requests, queries.prompt, responses.prompt, learnt

    whole = planned(SETTINGS)
    one_kind = planned(replace(SETTINGS, kinds=("specific",)))
    assert one_kind[:3] == (whole[0], whole[1] / 2, whole[2])
    assert one_kind[4] < 0.7 * whole[4]
    one_language = planned(replace(SETTINGS, languages=("en",)))
    assert one_language[:2] == (whole[0] / 2, whole[1] / 2)
    unknown = planned(replace(SETTINGS, knowledge=("query",)))
    assert unknown[:3] == whole[:3]
    assert unknown[3] < 0.7 * whole[3]
    assert planned(replace(SETTINGS, knowledge=()))[2] < 0.7 * whole[2]


def test_a_conversation_reads_again_what_was_said_before() -> None:
    sessions = NanoBenchmark(specific=3, contrastive=3).sessions(SPLIT)
    work = workload.conversations(sessions, PACKS, Sampling(max_tokens=40), Ruler(NANO), 20.0)
    assert (work.requests, work.together) == (8 * 6, 8)
    # Of six turns the first question is read six times, the second five times, ...: 21 instead of 6, and the replies.
    assert work.prompt / work.fresh > 21 / 6
    alone = workload.under_profiles(sessions, PACKS, Sampling(max_tokens=40), Ruler(NANO), 20.0)
    assert (alone.requests, alone.together) == (48, 48)


def test_sessions_to_be_learnt_from_hold_all_turns_and_no_more_than_fits() -> None:
    lengths = workload.session_lengths(SPLIT.train, PACKS, SETTINGS, Ruler(NANO), Replies(), 512)
    assert len(lengths) == 20
    each = workload.question_tokens(40, 3) + 20
    assert lengths[0] > 6 * each
    assert workload.session_lengths(SPLIT.train, PACKS, SETTINGS, Ruler(NANO), Replies(), 100) == [100] * 20


def test_characters_that_are_not_collected_are_assumed() -> None:
    split = workload.collected(50, 10, ["en", "ar"])
    assert (len(split.train), len(split.test)) == (80, 20)
    assert {c.lang for c in split.train} == {"en", "ar"}
    assert len(split.train[0].article.split()) == pytest.approx(workload.ARTICLE, rel=0.02)


def test_without_a_tokenizer_three_bytes_are_a_token() -> None:
    ruler = Ruler(Model(name="gpt", path="api:gpt"))
    said: Message = {"role": "user", "content": "x" * 300}
    assert not ruler.exact
    assert ruler.count_tokens([said]) == 105


def test_replies_are_never_longer_than_allowed() -> None:
    long, short = Sampling(max_tokens=2048), Sampling(max_tokens=40)
    assert [Replies().answer(s) for s in (long, short)] == [200, 20]
    assert Replies(scale=5.0).answer(short) == 40
    assert Replies().questions(long, 3) == 180
