"""Who is kept apart to be asked: whole roles, with all that goes by their names."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from ditto.errors import ConfigError
from ditto.records import Character, Split


def split_roles(characters: Sequence[Character], n_test: int, seed: int) -> Split:
    """`n_test` roles drawn at random for the test, each with all its languages.

    Roles that share a name within a language, directly or through others, stay on one side: they may
    be one person under two ids. Which are drawn follows from ids, names and the seed, not from the order of the
    characters, which each side keeps.

    Raises:
        ConfigError: fewer than 2 would be left to train on (without a test: nobody), or the roles that belong
            together never make up `n_test`.
    """
    check_held_out(n_test)
    groups = _groups(characters)
    n = sum(map(len, groups))
    if n < least(n_test):
        raise ConfigError(
            f"characters.n_test={n_test} leaves fewer than 2 of the {n} characters to train on: give a smaller "
            "number, or more characters."
        )
    apart = _drawn(groups, n_test, Random(seed))
    return Split(
        train=tuple(c for c in characters if c.id not in apart), test=tuple(c for c in characters if c.id in apart)
    )


def least(n_test: int) -> int:
    """How many characters there must be: two beside those of the test; one where nobody is kept apart."""
    return n_test + 2 if n_test else 1


def check_held_out(n_test: int) -> None:
    """Refuse a number of test characters below 0.

    Raises:
        ConfigError: it is.
    """
    if n_test < 0:
        raise ConfigError(f"characters.n_test={n_test} cannot be meant: it must be at least 0.")


def names(character: Character) -> set[str]:
    """Label and aliases, alike where they differ in case or white space alone."""
    return {folded for name in (character.label, *character.aliases) if (folded := fold(name))}


def fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _groups(characters: Sequence[Character]) -> list[list[str]]:
    """The ids in sorted order, those tied by names together."""
    leader = {c.id: c.id for c in characters}

    def led(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    first = dict[tuple[str, str], str]()
    for character in characters:
        for name in names(character):
            low, high = sorted((led(character.id), led(first.setdefault((character.lang, name), character.id))))
            leader[high] = low
    groups = defaultdict[str, list[str]](list)
    for name in sorted(leader):
        groups[led(name)].append(name)
    return list(groups.values())


def _drawn(groups: list[list[str]], n: int, rng: Random) -> set[str]:
    """The first groups in random order that together have `n` members."""
    rng.shuffle(groups)
    sums = [1]  # bit k of the i-th from the end: some of the last i groups have k members together
    for group in reversed(groups):
        sums.append(sums[-1] | sums[-1] << len(group))
    if not sums[-1] >> n & 1:
        raise ConfigError(_explain(sums[-1], n, sum(map(len, groups))))
    apart = set[str]()
    for group, behind in zip(groups, reversed(sums[:-1]), strict=True):
        left = n - len(apart) - len(group)
        if left >= 0 and behind >> left & 1:
            apart.update(group)
    return apart


def _explain(possible: int, n: int, of: int) -> str:
    numbers = [k for k in range(1, of - 1) if possible >> k & 1]
    nearest = min(numbers, key=lambda k: abs(k - n), default=None)
    remedy = "give them names of their own" if nearest is None else f"give {nearest}"
    return f"characters.n_test={n}: characters who share a name stay together, and no such groups make {n}: {remedy}."
