"""A configuration is shown without what opens doors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.dashboards.secrets import HIDDEN, without_secrets

KEY = "sk-0123456789abcdef"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc/.", max_size=7),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["lr", "name", "max_tokens"]), inner),
)


@pytest.mark.parametrize("name", ["key", "api_key", "apikey", "hub-token", "TOKEN", "password", "Authorization"])
def test_a_value_under_the_name_of_a_secret_is_hidden(name: str) -> None:
    assert without_secrets({"more": [{name: KEY}]}) == {"more": [{name: HIDDEN}]}


@pytest.mark.parametrize("name", ["key_env", "token_limit", "max_tokens", "tokens_per_minute", "tokenizer", "monkey"])
def test_other_names_are_no_secrets(name: str) -> None:
    assert without_secrets({name: "OPENAI_API_KEY", "key": None}) == {name: "OPENAI_API_KEY", "key": None}


def test_what_the_environment_holds_is_hidden_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    monkeypatch.setenv("OTHER_TOKEN", "short")
    monkeypatch.setenv("HARMLESS", "greedy decoding")
    shown = without_secrets({"header": f"Bearer {KEY}", "other": "short", "harmless": "greedy decoding"})
    assert shown == {"header": f"Bearer {HIDDEN}", "other": "short", "harmless": "greedy decoding"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pass@host/v1", "https://***@host/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://host/a@b", "https://host/a@b"),
        ("nano_s@nano_m", "nano_s@nano_m"),
    ],
)
def test_the_login_of_an_address_is_hidden(url: str, shown: str) -> None:
    assert without_secrets([url]) == [shown]


@given(PLAIN)
def test_the_rest_stays_as_it_is(value: Any) -> None:
    assert without_secrets(value) == value
