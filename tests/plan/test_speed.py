"""Seconds from operations and bytes: each bound where it is the one that counts."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.errors import ConfigError
from ditto.plan.hardware import BANDWIDTH, UTILISATION, Hardware
from ditto.plan.shape import Shape
from ditto.plan.speed import Served, asking, dollars, room, tuning
from ditto.plan.work import Work

GPU: Final = Hardware(device="H100", count=8, memory=79, tflops=1000, bandwidth=3000, layer=1e-9)
SEVEN: Final = Shape("7b", 7_000_000_000, 28, 14_000_000_000, 57_344)
WORK: Final = Work(requests=1000, prompt=1e6, reply=2e5, fresh=5e5, sent=3e5, together=1000, max_tokens=400)
VLLM: Final = Served(engine="vllm", rows=256, memory_share=0.9)


def test_full_tuning_takes_six_operations_a_parameter_and_token() -> None:
    def seconds(per_token: float, *, recompute: bool = False, ranks: int = 1) -> float:
        return tuning(
            tokens=1e9,
            flop_per_token=per_token,
            recompute=recompute,
            parts=1,
            shape=SEVEN,
            ranks=ranks,
            hardware=GPU,
        )

    full, lora = seconds(6 * 7e9), seconds(4 * 7e9)
    assert full == pytest.approx(1e9 * 6 * 7e9 / (1e15 * UTILISATION))
    assert lora / full == pytest.approx(4 / 6)
    assert seconds(6 * 7e9, recompute=True) / full == pytest.approx(4 / 3)
    assert seconds(6 * 7e9, ranks=8) == pytest.approx(full / 8)


def test_decoding_one_reply_reads_the_weights_for_every_token() -> None:
    one = replace(WORK, requests=1, prompt=0, fresh=0, reply=100, together=1)
    bytes_a_step = SEVEN.weights + 50 * SEVEN.cache
    assert asking(one, SEVEN, VLLM, GPU) == pytest.approx(100 * bytes_a_step / (3e12 * BANDWIDTH))


def test_decoding_a_small_model_waits_for_its_launches() -> None:
    slow = replace(GPU, layer=1000)
    one = replace(WORK, requests=1, prompt=0, fresh=0, reply=100, together=1)
    assert asking(one, replace(SEVEN, weights=1, parameters=1, cache=1), VLLM, slow) == pytest.approx(100 * 28 * 1e-3)


def test_reading_prompts_takes_two_operations_a_parameter_and_fresh_token() -> None:
    read = replace(WORK, reply=0)
    assert asking(read, SEVEN, VLLM, GPU) == pytest.approx(5e5 * 2 * 7e9 / (1e15 * UTILISATION))
    every = replace(VLLM, reuse=False)
    assert asking(read, SEVEN, every, GPU) == pytest.approx(2 * asking(read, SEVEN, VLLM, GPU))


def test_transformers_reuses_within_a_call_and_not_from_turn_to_turn() -> None:
    served = Served(engine="transformers", rows=64)
    at_once, in_turns = replace(WORK, reply=0), replace(WORK, reply=0, together=100)
    step = asking(replace(at_once, prompt=0, fresh=0), SEVEN, served, GPU)
    more = asking(replace(in_turns, prompt=0, fresh=0), SEVEN, served, GPU)
    assert (asking(in_turns, SEVEN, served, GPU) - more) == pytest.approx(
        2 * (asking(at_once, SEVEN, served, GPU) - step), rel=0.01
    )


@given(st.floats(1, 1e7), st.integers(1, 512))
def test_more_to_say_never_takes_less_time(reply: float, rows: int) -> None:
    for served in (
        Served(engine="transformers", rows=rows),
        replace(VLLM, rows=rows),
        Served(engine="openai", rows=rows),
    ):
        less, more = (asking(replace(WORK, reply=x), SEVEN, served, GPU) for x in (reply, 2 * reply))
        assert 0 < less <= more


def test_a_model_that_does_not_fit_lacks_room() -> None:
    assert room(replace(SEVEN, weights=144 << 30), VLLM, GPU) < 0
    assert room(replace(SEVEN, weights=144 << 30), replace(VLLM, devices=4), GPU) == pytest.approx(79 * 0.9 - 36)


def test_an_api_bills_prompts_once_for_samples_drawn_together() -> None:
    priced = Served(engine="openai", rows=64, input=2.5, output=10.0)
    assert dollars(WORK, priced) == pytest.approx(0.3 * 2.5 + 0.2 * 10)
    assert dollars(WORK, replace(priced, samples_together=False)) == pytest.approx(1.0 * 2.5 + 0.2 * 10)
    assert dollars(WORK, replace(priced, input=None)) is None
    assert dollars(WORK, VLLM) == 0


def test_an_apis_limits_are_kept() -> None:
    server = Served(engine="openai", rows=64)
    assert asking(WORK, None, replace(server, requests_per_minute=10), GPU) == pytest.approx(6000)
    assert asking(WORK, None, replace(server, tokens_per_minute=1000), GPU) == pytest.approx(500 * 60)


@pytest.mark.parametrize("name", ["count", "memory", "tflops", "bandwidth", "layer"])
def test_hardware_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"hardware.{name}=0 cannot be meant"):
        replace(GPU, **{name: 0})  # type: ignore[arg-type]
