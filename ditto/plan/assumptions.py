"""What every plan takes for granted, in words."""

from typing import Final

from ditto.plan.hardware import BANDWIDTH, UTILISATION
from ditto.plan.replies import ANSWER, QUESTION, VERDICT
from ditto.plan.speed import STREAM

GENERAL: Final = tuple(
    f"""\
Every pair yields a valid sample with as many questions as were asked for; no request fails or is repeated.
An interrupted stage counts whole.
Replies have half of max_tokens, at most {ANSWER} tokens an answer, {QUESTION} a question and {VERDICT} a verdict.
Where stages of the same kind are under this root, replies are as much longer or shorter than that as theirs were.
Prompts and tunings reach {UTILISATION:.0%} of a matrix product's speed, decoding {BANDWIDTH:.0%} of the bandwidth.
A server writes {STREAM:.0f} tokens a second of each reply.
Operations a token: 2N to read a prompt, 6N in full tuning, about 4N with LoRA, 4/3 of it with gradient_checkpointing.
Attention itself, loading, saving and talk between devices are left out, as are stages that ask no model.
Stages run one after another, each on the devices that its engine or trainer takes, and nothing else runs there.
A tuning holds weights, gradients, Adam's moments and the activations of the largest part of a step.\
""".splitlines()
)
