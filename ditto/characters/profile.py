"""A character written down by hand: a YAML file with its label, description and whatever else there is of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from ditto.errors import DataError
from ditto.records import UNKNOWN, Category, Character, Claim

SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What such a file may say; a claim has one value or a list of them."""

    label: str
    description: str
    lang: str = "en"
    aliases: Sequence[str] = ()
    claims: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    article: str = ""
    summary: str = ""
    category: Category = ""


def read_profile(path: Path) -> Character:
    """The character of the file, whose name without its ending is the character's id.

    Raises:
        DataError: it cannot be read, is not YAML, or has a field that is unknown, missing or of another type.
    """
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not YAML: {' '.join(str(error).split())}.") from None
    one = _checked(said, path)
    values = [(name, value) for name, values in one.claims.items() for value in _listed(values)]
    return Character(
        id=path.stem,
        lang=one.lang,
        label=one.label,
        description=one.description,
        aliases=tuple(one.aliases),
        claims=tuple(
            Claim(id=f"{path.stem}/{number}", property=name, value=value)
            for number, (name, value) in enumerate(values, start=1)
        ),
        article=one.article.strip(),
        summary=one.summary.strip(),
        category=one.category,
    )


def _listed(values: str | Sequence[str]) -> Sequence[str]:
    return [values] if isinstance(values, str) else values


def _checked(said: Any, path: Path) -> Profile:
    try:
        return TypeAdapter(Profile).validate_python(said, extra="forbid")
    except ValidationError as error:
        fields = ", ".join(Profile.__dataclass_fields__)
        first = min(error.errors(), key=lambda e: e["type"] not in UNKNOWN)
        name = ".".join(map(str, first["loc"][:2]))
        if first["type"] in UNKNOWN:
            raise DataError(f"{path} has the unknown field {name!r}: a profile has {fields}.") from None
        if not name:
            raise DataError(f"{path} is no profile: it needs lines such as 'label: <name>'.") from None
        raise DataError(f"{path}, field {name!r}: {first['msg'].lower()}; a profile has {fields}.") from None
