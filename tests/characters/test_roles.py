"""A role stays on one side with its languages and its namesakes, and as many are kept apart as were asked for."""

import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ditto.characters.roles import names, split_roles
from ditto.errors import ConfigError
from ditto.evaluate.benchmark import check_apart, check_named_apart
from ditto.records import Character, Split

NAMES = st.sampled_from(["Ann", "ANN ", "Bob", "Cy", "Dee", "Eve", "Flo", "Gus", "李白", ""])


def character(number: int, label: str = "", aliases: Sequence[str] = (), lang: str = "en") -> Character:
    return Character(id=f"Q{number}", lang=lang, label=label or f"n{number}", description="", aliases=tuple(aliases))


CHARACTERS = st.lists(
    st.builds(character, st.integers(0, 12), NAMES, st.lists(NAMES, max_size=2), st.sampled_from(["en", "zh"])),
    min_size=3,
    max_size=16,
    unique_by=lambda c: (c.id, c.lang),
)


def apart(characters: Sequence[Character], n_test: int, seed: int = 0) -> set[str]:
    return {c.id for c in split_roles(characters, n_test, seed).test}


def refusal(characters: Sequence[Character], n_test: int) -> str:
    try:
        split_roles(characters, n_test, 0)
    except ConfigError as error:
        return str(error)
    return ""


@given(CHARACTERS, st.integers(1, 8), st.integers(0, 3), st.randoms(use_true_random=False))
def test_all_of_a_role_and_all_its_namesakes_are_on_one_side(
    characters: list[Character], n_test: int, seed: int, rng: Random
) -> None:
    assume(not refusal(characters, n_test))
    split = split_roles(characters, n_test, seed)
    check_apart(split)
    check_named_apart(split)
    assert len({c.id for c in split.test}) == n_test
    for side in (split.train, split.test):
        assert list(side) == [c for c in characters if c in side]
    assert len(split.train) + len(split.test) == len(characters)
    assert apart(rng.sample(characters, len(characters)), n_test, seed) == {c.id for c in split.test}


@given(CHARACTERS)
def test_the_number_advised_is_the_nearest_there_is(characters: list[Character]) -> None:
    n = len({c.id for c in characters})
    said = {k: refusal(characters, k) for k in range(1, n - 1)}
    possible = [k for k, why in said.items() if not why]
    for k in said.keys() - set(possible):
        advice = re.search(r"give (\d+)\.$", said[k])
        assert f"n_test={k}: " in said[k]
        assert bool(advice) == bool(possible)
        if advice:
            assert abs(int(advice[1]) - k) == min(abs(p - k) for p in possible)
            assert int(advice[1]) in possible


def test_names_tie_through_others_and_within_a_language_alone() -> None:
    chain = [character(1, "Ann"), character(2, "Bob", ["ann"]), character(3, "Cy", ["  BOB"])]
    others = [character(number) for number in range(4, 8)]
    for seed in range(8):
        assert apart([*chain, *others], 3, seed) in ({"Q1", "Q2", "Q3"}, *_threes(others))
    with pytest.raises(ConfigError, match=r"n_test=2: .*give 1"):
        split_roles([*chain, character(4)], 2, 0)
    foreign = [character(1, "Ann"), character(2, "Ann", lang="de"), character(3), character(4)]
    assert len({frozenset(apart(foreign, 1, seed)) for seed in range(20)}) == 4


def _threes(others: Sequence[Character]) -> list[set[str]]:
    return [{c.id for c in others} - {left.id} for left in others]


def test_a_group_that_fits_is_given_up_where_the_rest_could_not_make_the_number() -> None:
    three = [character(n, "Ann") for n in range(3)]
    twos = [character(n, f"two {n // 2}") for n in range(4, 8)]
    rest = [character(n, "Flo") for n in range(10, 20)]
    for seed in range(12):
        assert apart([*three, *twos, *rest], 4, seed) == {"Q4", "Q5", "Q6", "Q7"}


def test_everybody_is_drawn_equally_often() -> None:
    characters = [character(number) for number in range(10)]
    drawn = [who for seed in range(2000) for who in apart(characters, 3, seed)]
    assert all(abs(drawn.count(c.id) - 600) < 100 for c in characters)  # five standard deviations


@pytest.mark.parametrize(("n_test", "says"), [(-1, "n_test=-1 "), (2, "fewer than 2 of the 3 characters")])
def test_a_number_that_cannot_be_meant_is_one_sentence(n_test: int, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        split_roles([character(number) for number in range(3)], n_test, 0)


def test_nobody_may_be_kept_apart() -> None:
    assert split_roles([character(1)], 0, 0) == Split(train=(character(1),), test=())
    assert "n_test=0" in refusal([], 0)


def test_names_differ_by_more_than_case_and_white_space() -> None:
    assert names(character(1, "Ann  Lee", ["ANN LEE", "", "Straße", "李白"])) == {"ann lee", "strasse", "李白"}
