"""Wikimedia's services on loopback, and who asks them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ditto.characters.web import Client
from tests.characters.services import CONTACT, Services


@pytest.fixture
def services() -> Iterator[Services]:
    with Services() as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(tmp_path, CONTACT, attempts=4, pause=0.001, timeout=5) as made:
        yield made
