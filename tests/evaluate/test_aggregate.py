"""Votes to scores: upstream's arithmetic to the last digit, and where ours departs from it."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.evaluate.aggregate import corrected, faithful, faithful_table
from ditto.evaluate.upstream import published_scores
from ditto.records import Metric, Verdict
from tests.evaluate.roles import EN, ZH, record, write

METRICS: tuple[Metric, ...] = ("identity", "knowledge", "rejection")
Votes = Sequence[float | None]
# A turn as a judge leaves it: who it chose is right, whether the answer refuses, the score; None is unreadable.
Judged = tuple[Sequence[bool | None], Sequence[int | None], Sequence[int | None]]


def votes(metric: Metric, values: Votes, who: str = "a", lang: str = "en", turn: int = 0) -> list[Verdict]:
    return [
        Verdict(character=who, lang=lang, turn=turn, metric=metric, sample=n, value=value, reason="")
        for n, value in enumerate(values)
    ]


def verdicts(who: str, lang: str, turn: int, judged: Judged, label: int) -> Iterator[Verdict]:
    """The turn as ditto records it: rejection is whether refusal equals the label."""
    right, refused, scores = judged
    equal = [None if vote is None else float(vote == label) for vote in refused]
    yield from votes("identity", [None if r is None else float(r) for r in right], who, lang, turn)
    yield from votes("rejection", equal, who, lang, turn)
    yield from votes("knowledge", scores, who, lang, turn)


def mean(values: list[float]) -> float:
    return float(np.nanmean(values)) if any(not math.isnan(v) for v in values) else float("nan")


def same(found: float, expected: float) -> bool:
    return found == expected or (math.isnan(found) and math.isnan(expected))


def scored_in_numpy(roles: list[tuple[str, list[tuple[Judged, int]]]], language: str | None) -> list[float]:
    """Identity, knowledge and rejection by upstream's rules, from raw votes; unscorable roles are dropped."""
    identity, knowledge, rejection = list[float](), list[float](), list[float]()
    for lang, turns in roles:
        unreadable = any(None in scores or set(refused) <= {None} for (_, refused, scores), _ in turns)
        if unreadable or language not in (None, lang):
            continue
        for (right, refused, scores), label in turns:
            parsed = [r for r in right if r is not None]
            identity.append(float(np.mean(parsed)) if parsed else 0)
            knowledge.append(float(np.mean(np.array(scores, dtype=float))) or float("nan"))
            counts = Counter(r for r in refused if r is not None)
            rejection.append(int(max(counts, key=lambda r: counts[r]) == label))
    return [mean(identity), mean(knowledge), mean(rejection)]


def three(values: st.SearchStrategy[Any], rarely: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Three votes, most of them readable."""
    return st.lists(st.one_of(values, values, values, values, rarely), min_size=3, max_size=3)


TURN = st.tuples(
    three(st.booleans(), st.none()),
    three(st.integers(0, 1), st.none()),
    three(st.integers(0, 10), st.integers(0, 10)) | three(st.integers(0, 10), st.none()) | st.just([0, 0, 0]),
)
ROLES = st.lists(
    st.tuples(st.sampled_from(["en", "zh"]), st.lists(st.tuples(TURN, st.integers(0, 1)), min_size=1, max_size=5)),
    min_size=1,
    max_size=6,
)


@given(ROLES)
def test_faithful_equals_upstreams_arithmetic_to_the_last_digit(
    roles: list[tuple[str, list[tuple[Judged, int]]]],
) -> None:
    given_votes = [
        verdict
        for n, (lang, turns) in enumerate(roles)
        for turn, (judged, label) in enumerate(turns)
        for verdict in verdicts(f"role {n}", lang, turn, judged, label)
    ]
    table = faithful(given_votes)
    for name, language in (("all", None), ("en", "en"), ("zh", "zh")):
        expected = scored_in_numpy(roles, language)
        found = table.get(name, dict.fromkeys(METRICS, math.nan))
        assert all(same(found[metric], e) for metric, e in zip(METRICS, expected, strict=True))


def test_a_scored_file_gives_upstreams_table_to_the_last_digit(tmp_path: Path) -> None:
    """Both placements, both spellings, two languages, zeros and missing scores."""
    cyd, lao = ("Cyd", "en", ["Ann", "Cyd"]), ("老舍", "zh", ["老舍", "鲁迅"])
    scores = [
        {"consist_scores": [1, 2 / 3, 0], "reject_scores": [0, 0, 1], "knowledge_scores": [7, 0, 19 / 3]},
        {"consist_scores": [1 / 3, 0.0, 1], "reject_scores": [0, 1, 0], "knowledge_scores": [None, 8.0, 1]},
        {"consist_scores": [1.0, 1.0, 1 / 3], "reject_scores": [1, 1, 0], "knowledge_scores": [10 / 3, 4, 5]},
        {"consist_scores": [0, 0, 2 / 3], "reject_scores": [1, 1, 1], "knowledge_scores": [0, 0.0, 22 / 3]},
    ]
    made = [
        record(EN, "top", "rejection labels"),
        record(cyd, "meta", "rejection_labels"),
        record(ZH, "meta", "rejection labels"),
        record(lao, "top", "rejection_labels"),
    ]
    path = write(tmp_path / "scored.json", *(raw | s for raw, s in zip(made, scores, strict=True)))
    table = faithful_table(published_scores(path))
    assert list(table) == ["all", "en", "zh"]
    raw = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    labels = np.array([0, 1, 0])
    for language, rows in {"all": raw, "en": raw[:2], "zh": raw[2:]}.items():
        known = np.array([r["knowledge_scores"] for r in rows], dtype=float)
        assert table[language]["identity"] == np.mean([r["consist_scores"] for r in rows])
        assert table[language]["knowledge"] == np.nanmean(np.where(known == 0, np.nan, known))
        assert table[language]["rejection"] == np.mean([np.array(r["reject_scores"]) == labels for r in rows])
    assert table["all"]["rejection"] == 7 / 12
    assert table["all"]["knowledge"] != round(table["all"]["knowledge"], 2)


def test_corrected_averages_votes_and_decides_rejection_by_majority() -> None:
    scores = corrected(
        [
            *votes("identity", [1, 0, 1]),
            *votes("identity", [None, 0, 1], turn=1),
            *votes("knowledge", [4, None, 7]),
            *votes("quality", [9, 10]),
            *votes("rejection", [1, 0, 1]),
            *votes("rejection", [0, 0, 1], turn=1),
            *votes("rejection", [0, None, 1], turn=2),
            *votes("rejection", [1, 0], who="b"),
        ]
    )
    assert scores == {
        "identity": {"a": [2 / 3, 0.5]},
        "knowledge": {"a": [5.5]},
        "quality": {"a": [9.5]},
        "rejection": {"a": [1, 0, 0.5], "b": [0.5]},
    }


def test_a_roles_languages_belong_together_and_its_turns_stay_apart() -> None:
    scores = corrected([*votes("knowledge", [2, 4]), *votes("knowledge", [9], lang="zh")])
    assert scores == {"knowledge": {"a": [3, 9]}}


@pytest.mark.parametrize("metric", ["identity", "knowledge", "rejection", "quality"])
def test_a_turn_without_a_scored_vote_is_unscored(metric: Metric) -> None:
    assert corrected(votes(metric, [None, None, None])) == {}
    assert corrected([]) == {}


GOOD: Judged = ([True, True, True], [0, 0, 0], [6, 6, 6])


def tables(judged: Judged, label: int = 0) -> tuple[dict[Metric, list[float]], Any]:
    """A good turn and another one of one role: our turn scores, and upstream's means."""
    given_votes = [*verdicts("a", "en", 0, GOOD, 0), *verdicts("a", "en", 1, judged, label)]
    return {metric: list(scores["a"]) for metric, scores in corrected(given_votes).items()}, faithful(given_votes)[
        "all"
    ]


def test_identity_that_no_vote_tells_is_unscored_for_us_and_zero_for_upstream() -> None:
    ours, upstream = tables(([None, None, None], [0, 0, 0], [6, 6, 6]))
    assert ours["identity"] == [1]
    assert upstream["identity"] == 0.5


def test_one_unreadable_score_loses_upstream_the_role() -> None:
    ours, upstream = tables(([False] * 3, [0, 0, 0], [4, None, 5]))
    assert ours == {"identity": [1, 0], "knowledge": [6, 4.5], "rejection": [1, 1]}
    assert all(math.isnan(value) for value in upstream.values())


def test_a_failed_answer_loses_upstream_the_role() -> None:
    ours, upstream = tables(([None], [None], [None]))
    assert ours == {"identity": [1], "knowledge": [6], "rejection": [1]}
    assert all(math.isnan(value) for value in upstream.values())


def test_rejection_that_no_vote_tells_loses_upstream_the_role() -> None:
    ours, upstream = tables(([True] * 3, [None, None, None], [3, 3, 3]))
    assert ours == {"identity": [1, 1], "knowledge": [6, 3], "rejection": [1]}
    assert all(math.isnan(value) for value in upstream.values())


def test_a_knowledge_of_zero_is_missing_for_upstream() -> None:
    ours, upstream = tables(([True] * 3, [0, 0, 0], [0, 0, 0]))
    assert ours["knowledge"] == [6, 0]
    assert upstream["knowledge"] == 6


@pytest.mark.parametrize(("refused", "expected"), [([1, 0, None], 0.5), ([0, 1, None], 1), ([None, 0, 1], 1)])
def test_a_tie_is_half_for_us_and_the_first_votes_for_upstream(refused: list[int | None], expected: float) -> None:
    ours, upstream = tables(([True] * 3, refused, [6, 6, 6]))
    assert ours["rejection"] == [1, 0.5]
    assert upstream["rejection"] == expected


def test_roles_that_are_left_are_counted_by_language() -> None:
    kept = [*verdicts("b", "zh", 0, GOOD, 1), *verdicts("a", "zh", 0, ([True], [1], [None]), 1)]
    table = faithful([*verdicts("a", "en", 0, GOOD, 0), *kept])
    assert table == {
        "all": {"identity": 1, "knowledge": 6, "rejection": 0.5},
        "en": {"identity": 1, "knowledge": 6, "rejection": 1},
        "zh": {"identity": 1, "knowledge": 6, "rejection": 0},
    }


def test_no_votes_make_no_numbers() -> None:
    assert all(math.isnan(value) for value in faithful([])["all"].values())
    assert all(math.isnan(value) for value in faithful_table([])["all"].values())


@given(st.lists(st.sampled_from([0.0, 1.0, None]), min_size=1, max_size=7))
def test_without_a_tie_both_decide_rejection_alike(values: list[float | None]) -> None:
    parsed = [v for v in values if v is not None]
    if parsed and parsed.count(0.0) != parsed.count(1.0):
        given_votes = votes("rejection", values)
        assert corrected(given_votes)["rejection"]["a"] == [faithful(given_votes)["all"]["rejection"]]
