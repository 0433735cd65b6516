"""How a judge is shown what others wrote: in a fence that nothing inside can end, and with names blanked out."""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

BLANK: Final = "____"


def mark(slots: Mapping[str, str]) -> str:
    """A short word that stands in none of the texts, and that their writers could not have guessed from others'."""
    text, salt = "\0".join(slots.values()), 0
    while (word := sha256(f"{salt}\0{text}".encode()).hexdigest()[:8]) in text:
        salt += 1
    return word


def masked(text: str, names: Iterable[str]) -> str:
    """The text without the names, longest first; in scripts with spaces, whole words only."""
    for name in sorted({n.strip() for n in names if len(n.strip()) > 1}, key=len, reverse=True):
        edges = (r"(?<!\w)" if _spaced(name[0]) else "", r"(?!\w)" if _spaced(name[-1]) else "")
        text = re.sub(edges[0] + re.escape(name) + edges[1], BLANK, text, flags=re.IGNORECASE)
    return text


def _spaced(character: str) -> bool:
    """Whether the character belongs to a script that puts spaces between words."""
    return character.isalnum() and ord(character) < 0x2E80
