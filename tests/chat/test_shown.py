"""No text from outside can command the terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ditto.chat.shown import clean


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    kept = clean(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} for c in kept)
    assert [c for c in kept if c.isalnum() or c in " \n"] == [c for c in text if c.isalnum() or c in " \n"]


def test_escapes_lose_their_escape_and_text_keeps_its_direction() -> None:
    assert clean("\x1b[2Jgone\x9b31m\x07\r\u202egnp\u2069\x7f") == "[2Jgone31mgnp"
    assert clean("اسم‌ها, ٣\tשלום 你好\n") == "اسم‌ها, ٣\tשלום 你好\n"
