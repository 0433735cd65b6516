"""What a request is keyed by, and which sampling can be meant."""

import math
from dataclasses import replace
from typing import Any

import pytest

from ditto.engines.base import Request, Sampling
from ditto.errors import ConfigError

SAMPLING = Sampling(temperature=0.7, top_p=0.9, max_tokens=32, n=2, seed=0)
REQUEST = Request(
    ({"role": "system", "content": "You are Ann."}, {"role": "user", "content": "谁?"}),
    SAMPLING,
    sample=1,
    schema={"type": "array"},
)


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": -0.1},
        {"temperature": 2.01},
        {"temperature": math.nan},
        {"top_p": 0.0},
        {"top_p": 1.01},
        {"top_p": math.nan},
        {"max_tokens": 0},
        {"n": 0, "temperature": 1.0},
        {"n": 65, "temperature": 1.0},
    ],
)
def test_a_value_outside_its_range_is_named(values: dict[str, Any]) -> None:
    name = next(iter(values))
    with pytest.raises(ConfigError, match=f"sampling.{name}={values[name]} "):
        Sampling(**values)


def test_several_greedy_samples_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"sampling\.n=2 "):
        Sampling(n=2)


def test_the_ends_of_the_ranges_can_be_meant() -> None:
    assert Sampling(temperature=2, top_p=1, max_tokens=1, n=64).n == 64
    assert Sampling(temperature=0, top_p=1e-6, n=1).temperature == 0


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, messages=REQUEST.messages[1:]),
        replace(REQUEST, messages=REQUEST.messages[::-1]),
        replace(REQUEST, messages=(REQUEST.messages[0], {"role": "user", "content": "谁？"})),
        replace(REQUEST, messages=(REQUEST.messages[0], {"role": "assistant", "content": "谁?"})),
        replace(REQUEST, sampling=replace(SAMPLING, temperature=0.8)),
        replace(REQUEST, sampling=replace(SAMPLING, top_p=0.8)),
        replace(REQUEST, sampling=replace(SAMPLING, max_tokens=33)),
        replace(REQUEST, sampling=replace(SAMPLING, n=3)),
        replace(REQUEST, sampling=replace(SAMPLING, seed=1)),
        replace(REQUEST, sample=0),
        replace(REQUEST, schema=None),
        replace(REQUEST, schema={"type": "object"}),
    ],
)
def test_whatever_changes_a_reply_changes_the_key(other: Request) -> None:
    assert other.key("model") != REQUEST.key("model")


def test_the_model_changes_the_key() -> None:
    assert REQUEST.key("model") != REQUEST.key("another")


def test_equal_requests_have_one_key() -> None:
    again = replace(REQUEST, messages=tuple({"content": m["content"], "role": m["role"]} for m in REQUEST.messages))
    assert again.key("model") == REQUEST.key("model")
