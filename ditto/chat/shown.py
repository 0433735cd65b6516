"""Text from outside as a terminal may show it."""

import unicodedata
from typing import Final

# A terminal obeys control characters; embeddings and isolates would turn round what follows them.
HIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """The text without what a terminal would obey; line breaks and tabs stay."""
    return "".join(c for c in text if c in "\n\t" or not (c in TURNING or unicodedata.category(c) in HIDDEN))
