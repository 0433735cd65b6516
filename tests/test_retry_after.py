"""How long a server asks to be left alone."""

from email.utils import formatdate
from time import time

import pytest

from ditto.retry_after import seconds_asked


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0.5", 0.5), ("-3", 0), ("nan", 0), ("soon", None), ("", None)]
)
def test_a_server_may_say_how_long(value: str, seconds: float | None) -> None:
    assert seconds_asked(value) == seconds


def test_it_may_give_a_date() -> None:
    assert seconds_asked(formatdate(time() + 30, usegmt=True)) == pytest.approx(30, abs=2)
    assert seconds_asked(formatdate(time() - 30, usegmt=True)) == 0
