"""Prompts are text files, `<pack>/<language>/<task>.txt`, with `str.format` slots.

The loader refuses a file whose slots differ from what the task offers, so a misspelt slot is found
before anything runs; the texts are part of what they made through `Prompts.digest`.

A language that a pack has no folder for gets the English texts, where these ask for their language by
the slot {language}. It is filled on loading, so a text for Arabic is another text than one for English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from string import Formatter
from typing import Final, Literal

from babel import Locale

from ditto.errors import ConfigError

FOLDER: Final = Path(__file__).parent
LANGUAGE: Final = "{language}"
PROFILE: Final = frozenset({"label", "description", "aliases", "claims", "article"})
# Task -> the slots its text may use. `article` is the part that is cut where a profile is too long.
PLAYING: Final = {
    "brief": frozenset({"label", "description"}),
    "query": frozenset({f"{side}_{slot}" for side in "ab" for slot in PROFILE} | {"n"}),
    "response": PROFILE,
}
ANSWERED: Final = frozenset({"mark", "label", "query", "answer"})
JUDGING: Final = {
    "identity": ANSWERED | {"candidates"},
    "knowledge": ANSWERED | {"summary", "evidence"},
    "rejection": ANSWERED,
    "quality": ANSWERED | {"before"},
    "reminder": frozenset({"example"}),
}
BUILDING: Final = {task: PROFILE | {"mark", "query"} for task in ("evidence", "check")}
FILTERING: Final = {"check": BUILDING["check"], "sound": PROFILE | {"mark", "query", "response"}}
Kind = Literal["playing", "judging", "building", "filtering"]
TASKS: Final[Mapping[Kind, Mapping[str, frozenset[str]]]] = {
    "playing": PLAYING,
    "judging": JUDGING,
    "building": BUILDING,
    "filtering": FILTERING,
}


@dataclass(frozen=True)
class Prompts:
    """One pack's prompts in one language, for the tasks of a role, of a judge, of who builds a benchmark, of a filter.

    Raises:
        ConfigError: the pack lacks the language or a task, or a text has a slot its task does not offer.
    """

    pack: str
    lang: str
    kind: Kind = "playing"

    @cached_property
    def texts(self) -> dict[str, str]:
        folder = Path(self.pack) if "/" in self.pack else FOLDER / self.pack
        own, english = folder / self.lang, folder / "en"
        if not own.is_dir() and any(LANGUAGE in file.read_text("utf-8") for file in english.glob("*.txt")):
            own = english
        return {task: _load(own / f"{task}.txt", slots, _named(self.lang)) for task, slots in TASKS[self.kind].items()}

    @property
    def digest(self) -> str:
        """A hash of all the texts, for the key of what they make."""
        return sha256("\0".join(f"{k}\0{v}" for k, v in sorted(self.texts.items())).encode()).hexdigest()[:16]

    def render(self, task: str, **slots: object) -> str:
        return self.texts[task].format_map(slots)


def _named(lang: str) -> str:
    """A language's English name; its code where CLDR has none."""
    names = Locale("en").languages
    return str(names.get(lang.replace("-", "_")) or names.get(lang.partition("-")[0], lang))


def _load(path: Path, offered: frozenset[str], language: str) -> str:
    try:
        text = path.read_text("utf-8").strip().replace(LANGUAGE, language)
    except FileNotFoundError:
        raise ConfigError(
            f"There is no prompt {path}: choose a pack and language that have one, or write it."
        ) from None
    try:
        used = {name for _, name, *_ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ConfigError(f"{path} is not a template: {error}; write {{{{ and }}}} for braces.") from None
    if unknown := sorted(used - offered):
        raise ConfigError(f"{path} uses the slot {{{unknown[0]}}}, but its task offers only {sorted(offered)}.")
    return text
