"""What a plan takes for granted, in words: of what is to do, and of the devices that are to do it."""

from collections.abc import Iterator, Mapping, Sequence

from ditto.plan.hardware import BANDWIDTH, UTILISATION, Hardware
from ditto.plan.replies import ANSWER, QUESTION, VERDICT
from ditto.plan.shape import Shape
from ditto.plan.speed import STREAM
from ditto.plan.step import Asked, Step, Tuned


def assumptions(steps: Sequence[Step], shapes: Mapping[str, Shape], hardware: Hardware) -> list[str]:
    """The sentences that apply; none where nothing is to do."""
    to_do = [step for step in steps if not step.cached]
    asked = [a for step in to_do for a in step.asked if a.work.requests]
    tuned = [step.tuned for step in to_do if step.tuned]
    if not asked and not tuned:
        return []
    several = not hardware.is_cpu and max(*(a.served.used for a in asked), *(t.ranks for t in tuned), 0) > 1
    left_out = (
        "Attention itself, loading, saving and " + "talk between devices and " * several + "stages that ask no model"
    )
    devices = ", each on the devices that its engine or trainer takes" * several
    return [
        *_of_requests({step.stage for step in to_do if step.asked}),
        *_of_speed(asked, tuned, shapes),
        f"{left_out} are left out.",
        f"Stages run one after another{devices}, and nothing else runs there; an interrupted one counts whole.",
    ]


def _of_requests(stages: set[str]) -> Iterator[str]:
    if "simulate" in stages:
        yield "Every pair yields a valid sample with as many questions as were asked for."
    if stages:
        yield "No request fails or is repeated."
        lengths = {
            f"{ANSWER} tokens an answer": {"simulate", "answer"},
            f"{QUESTION} a question": {"simulate", "draft"},
            f"{VERDICT} a verdict": {"judge"},
        }
        most = ", ".join(text for text, of in lengths.items() if of & stages)
        yield f"Replies have half of max_tokens{most and f', at most {most}'}."
        yield "Where stages of the same kind are under this root, replies are as much longer or shorter as theirs were."


def _of_speed(asked: Sequence[Asked], tuned: Sequence[Tuned], shapes: Mapping[str, Shape]) -> Iterator[str]:
    served = [a for a in asked if a.served.engine == "openai"]
    if served:
        yield f"A server writes {STREAM:.0f} tokens a second of each reply."
    if len(served) < len(asked):
        yield f"Reading prompts reaches {UTILISATION:.0%} of a matrix product's speed, at 2N operations a token."
        yield f"Decoding reaches {BANDWIDTH:.0%} of the memory's bandwidth."
    if tuned:
        times = sorted({round(t.flop_per_token / shapes[t.model].parameters) for t in tuned})
        each = " or ".join(f"{n}N" for n in times)
        yield f"Tuning reaches {UTILISATION:.0%} of a matrix product's speed, at about {each} operations a token."
        if any(t.recompute for t in tuned):
            yield "With gradient_checkpointing these are a third more."
        yield "A tuning holds weights, gradients, Adam's moments and the activations of the largest part of a step."
