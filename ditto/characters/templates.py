"""Templates that are part of a sentence: what of them a reader sees. All others are left out with what they hold.

Parameters are named as MediaWiki names them: "1", "2", ... where they have no name of their own.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

Parameters = Mapping[str, str]

# name: the first of these parameters that there is
FIRST_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("lang", "langx", "langue"), ("2",)),
    **dict.fromkeys(("transl", "transliteration"), ("3", "2")),
    **dict.fromkeys(("nowrap", "nobr", "small", "smaller", "big", "larger", "abbr", "tooltip", "ruby", "w"), ("1",)),
    **dict.fromkeys(("ill", "interlanguage link"), ("lt", "1")),
    **dict.fromkeys(("仮リンク",), ("label", "1")),
    **dict.fromkeys(("le", "internal link helper", "ilh"), ("d", "3", "1")),
    **dict.fromkeys(("tsl", "translink"), ("4", "3", "2")),
    **dict.fromkeys(("нп", "нп3", "нп5", "не переведено", "не переведено 5"), ("2", "1")),
}
CONSTANT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("snd", "spnd", "spaced ndash", "spaced en dash"), " – "),
    **dict.fromkeys(("ndash", "en dash", "–"), "–"),
    **dict.fromkeys(("mdash", "em dash", "—"), "—"),
    **dict.fromkeys(("nbsp", "thinsp", "space", "spaces"), " "),
    **dict.fromkeys(("'", "`"), "'"),
    "'s": "'s",
    "=": "=",
}
LANGUAGE: Final = re.compile(r"lang-[a-z-]{2,12}")  # {{lang-fr|…}}, {{lang-en-short|…}}
LINK: Final = re.compile(r"(?:link|internal link helper/|ilh/)-?[a-z]{2,3}")  # {{link-en|…}}, Chinese for {{ill}}
NUMBER: Final = re.compile(r"[+−-]?[\d.,/+]+")


def shown(name: str, parameters: Parameters) -> str | None:
    """The text that stands for the template; None where it is no part of a sentence."""
    name = normal(name)
    if name.startswith("formatnum:"):
        return name.removeprefix("formatnum:").strip()
    if name in CONSTANT:
        return CONSTANT[name]
    if name in MADE:
        return MADE[name](parameters)
    if positions := _positions(name):
        return next((parameters[one] for one in positions if parameters.get(one)), "")
    return None


def is_shown(name: str) -> bool:
    """Whether the template is part of a sentence."""
    return shown(name, {}) is not None


def normal(name: str) -> str:
    """A template's name as all its spellings have it in common."""
    return " ".join(name.replace("_", " ").split()).casefold()


def _positions(name: str) -> tuple[str, ...] | None:
    if LANGUAGE.fullmatch(name):
        return ("1",)
    return FIRST_OF["le"] if LINK.fullmatch(name) else FIRST_OF.get(name)


def _in_order(parameters: Parameters) -> list[str]:
    """The parameters without names, up to the first that is missing."""
    found: list[str] = []
    while (value := parameters.get(str(len(found) + 1))) is not None:
        found.append(value)
    return found


def _converted(parameters: Parameters) -> str:
    """{{convert|6|ft|5|in|m}}: amounts with the units they are given in; a unit after a unit is what to convert to."""
    said: list[str] = []
    for one in _in_order(parameters):
        if said and not NUMBER.fullmatch(one) and not NUMBER.fullmatch(said[-1]):
            break
        said.append(one)
    return " ".join(said)


def _japanese(parameters: Parameters) -> str:
    """{{nihongo|English|漢字|romaji}}"""
    told = [one for one in _in_order(parameters)[:3] if one]
    return f"{told[0]} ({', '.join(told[1:])})" if len(told) > 1 else "".join(told)


def _life(parameters: Parameters) -> str:
    """{{bd|1881年|9月25日|1936年|10月19日}}, as Chinese leads have it."""
    born, died = ("".join(parameters.get(one, "") for one in pair) for pair in (("1", "2"), ("3", "4")))
    return f"（{born}—{died}）" if born or died else ""


def _read(parameters: Parameters) -> str:
    """{{読み仮名|漢字|かな}}"""
    word, *reading = _in_order(parameters)[:2] or [""]
    return f"{word}（{reading[0]}）" if reading and reading[0] else word


MADE: Final[Mapping[str, Callable[[Parameters], str]]] = {
    **dict.fromkeys(("convert", "cvt"), _converted),
    **dict.fromkeys(("circa", "c."), lambda parameters: f"c. {parameters.get('1', '')}".strip()),
    **dict.fromkeys(
        ("date", "date-", "unité", "nombre"), lambda parameters: " ".join(filter(None, _in_order(parameters)))
    ),
    **dict.fromkeys(("読み仮名", "読み仮名 ruby不使用"), _read),
    "nihongo": _japanese,
    "bd": _life,
}
