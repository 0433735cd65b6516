"""Prompts that begin alike are found, and each keeps a token of its own to compute."""

from ditto.engines.families import Family, families, tokens_saved

A, B = [7] * 20, [8] * 10


def test_neighbours_that_share_half_a_prompt_are_a_family() -> None:
    prompts = [[*A, 1, 2], [*A, 1, 3, 4], [*B, 1], [*B, 2]]
    found = families(range(4), prompts, by_length=False)
    assert found == [Family((0, 1), 21), Family((2, 3), 10)]
    assert tokens_saved(found) == 21 + 10


def test_equal_prompts_share_all_but_the_last_token() -> None:
    assert families([0, 1, 2], [A, A, A]) == [Family((0, 1, 2), 19)]


def test_one_that_ends_within_the_prefix_shortens_it() -> None:
    assert families([0, 1], [[*A, 1], A[:15]]) == [Family((0, 1), 14)]


def test_strangers_stay_alone_and_the_longest_come_first() -> None:
    found = families([0, 1, 2], [[*B, 1], [*A, 1], [9, 9]])
    assert [family.rows for family in found] == [(1,), (0,), (2,)]
    assert tokens_saved(found) == 0
    assert all(family.prefix == len(p) - 1 for family, p in zip(found, [[*A, 1], [*B, 1], [9, 9]], strict=True))


def test_a_shared_instruction_alone_makes_no_family() -> None:
    assert len(families([0, 1], [[5] * 9 + A, [5] * 9 + B])) == 2
