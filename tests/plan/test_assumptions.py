"""A plan tells what it takes for granted of its own stages and devices, and of no others."""

from typing import Any, Final

import pytest

from ditto.plan.assumptions import assumptions
from ditto.plan.hardware import Hardware
from ditto.plan.shape import Shape
from ditto.plan.speed import Served
from ditto.plan.step import Asked, Step, Tuned
from ditto.plan.work import Work

CPU: Final = Hardware(device="cpu", count=1, memory=16, tflops=0.05, bandwidth=10, layer=1000)
GPUS: Final = Hardware(device="H100", count=8, memory=79, tflops=989, bandwidth=3350, layer=60)
SHAPES: Final = {"m": Shape("m", 1000, 2, 2000, 10)}
WORK: Final = Work(requests=4, prompt=40, reply=8, fresh=40, sent=40, together=4, max_tokens=8)
HERE: Final = Served(engine="transformers", rows=4)
SERVER: Final = Served(engine="openai", rows=4)


def asking(stage: str, served: Served = HERE, **more: Any) -> Step:
    return Step(
        **{"stage": stage, "label": "x", "key": "k", "cached": False, **more},
        asked=(Asked(work=WORK, model="m", served=served),),
    )


def tuning(flop_per_token: int = 6000, **more: Any) -> Step:
    how = {"sessions": 4, "tokens": 40, "parts": 1, "ranks": 1, "recompute": False, **more}
    return Step(
        stage="tune", label="x", key="k", cached=False, tuned=Tuned(model="m", flop_per_token=flop_per_token, **how)
    )


def told(*steps: Step, hardware: Hardware = CPU) -> str:
    return " ".join(assumptions(steps, SHAPES, hardware))


def test_what_is_there_takes_nothing_for_granted() -> None:
    assert told(asking("judge", cached=True), Step(stage="characters", label="x", key="k", cached=False)) == ""


@pytest.mark.parametrize(
    ("stage", "lengths"),
    [
        ("simulate", "at most 200 tokens an answer, 60 a question."),
        ("answer", "at most 200 tokens an answer."),
        ("draft", "at most 60 a question."),
        ("judge", "at most 100 a verdict."),
    ],
)
def test_replies_are_those_of_the_stages_to_do(stage: str, lengths: str) -> None:
    assert f"Replies have half of max_tokens, {lengths}" in told(asking(stage))
    assert ("Every pair yields" in told(asking(stage))) == (stage == "simulate")


def test_a_server_has_its_own_pace_and_no_devices() -> None:
    assert "A server writes 50 tokens" in told(asking("judge", SERVER))
    assert "Decoding" not in told(asking("judge", SERVER))
    both = told(asking("judge", SERVER), asking("answer"))
    assert "A server writes" in both
    assert "Decoding reaches 60%" in both
    assert "A server writes" not in told(asking("judge"))


def test_a_tuning_costs_as_much_as_learns() -> None:
    assert "at about 6N operations a token." in told(tuning())
    assert "at about 4N or 6N operations a token." in told(tuning(), tuning(4010))
    assert ("gradient_checkpointing" in told(tuning()), "Replies" in told(tuning())) == (False, False)
    assert "With gradient_checkpointing these are a third more." in told(tuning(recompute=True))
    assert "A tuning holds" not in told(asking("answer"))


def test_devices_that_share_a_stage_talk() -> None:
    alone = told(tuning(), asking("answer"), hardware=GPUS)
    assert "talk between devices" not in alone
    assert "each on the devices" not in alone
    both = told(tuning(ranks=8), asking("answer"), hardware=GPUS)
    assert "talk between devices and stages that ask no model are left out" in both
    assert "one after another, each on the devices that its engine or trainer takes, and nothing else" in both
