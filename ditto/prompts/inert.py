"""Text that others wrote, made harmless: nothing in it can end a fence, open a message or be anything but text.

Tokenizers take marks such as `<|im_end|>`, `</s>` or `[INST]` for the ends of messages wherever they stand, and
our prompts fence profiles with `<profile>`.
"""

import re
from typing import Final

ANGLE: Final = re.compile(r"<(?=\s*[/|!?_▁｜]?\s*[^\W\d_])|<(?=[|｜<])")
SQUARE: Final = re.compile(r"\[(?=\s*/?\s*[A-Z_]{3,}\s*\])")
UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def inert(text: str) -> str:
    """The text with the brackets of anything like a tag or a mark replaced, and without control characters."""
    return SQUARE.sub("［", ANGLE.sub("‹", UNSEEN.sub("", text)))
