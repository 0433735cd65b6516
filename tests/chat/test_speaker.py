"""What fits is sent, in whole turns; thinking and half characters are not shown."""

from collections.abc import Iterator
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.chat.speaker import Speaker
from ditto.engines.base import Completion, Request, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import StageError
from ditto.records import Message
from tests.chat.people import speaker


def conversation(lengths: list[int], *, system: bool = True) -> list[Message]:
    """Turns of so many words each, the last one open."""
    messages: list[Message] = [{"role": "system", "content": "be Mira"}] if system else []
    for n in lengths:
        messages.append({"role": "user", "content": " ".join(["q"] * n)})
        messages.append({"role": "assistant", "content": "a a"})
    return messages[:-1]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.booleans())
def test_as_many_turns_as_fit_are_kept_whole(lengths: list[int], system: bool) -> None:
    one, limit = speaker(room=40, sampling=Sampling(max_tokens=10)), 30
    messages = conversation(lengths, system=system)
    kept, dropped = one.fit(messages)
    assert kept == (*messages[:system], *messages[system + 2 * dropped :])
    assert one.engine.count_tokens(kept) <= limit
    if dropped:
        before = [*messages[:system], *messages[system + 2 * dropped - 2 :]]
        assert one.engine.count_tokens(before) > limit


def test_a_long_reply_takes_a_quarter_of_the_context_at_most() -> None:
    kept, dropped = speaker(room=40, sampling=Sampling(max_tokens=2048)).fit(conversation([26]))
    assert (len(kept), dropped) == (2, 0)


def test_a_message_that_does_not_fit_alone_is_said() -> None:
    with pytest.raises(StageError, match="parrot takes 30 tokens beside its reply"):
        speaker(room=40).fit(conversation([3, 29]))


class Thinker(ScriptedEngine):
    """Streams these texts, the last one whole."""

    def __init__(self, *texts: str) -> None:
        super().__init__(lambda _: "")
        self.texts = texts

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        for text in self.texts[:-1]:
            yield Completion(text, "length", 1, 1)
        for text in self.texts[-1:]:
            yield Completion(text, "stop", 1, 1)


def replies(*texts: str) -> list[str]:
    return [said.text for said in Speaker("m", Thinker(*texts), Sampling()).reply([], 0, Event())]


def test_thinking_is_not_shown_until_it_is_over() -> None:
    assert replies("<", "<think>", "<think>\nHm", "Aye", "Aye.") == ["", "", "", "Aye", "Aye."]
    assert replies("<3", "<3 you") == ["<3", "<3 you"]


def test_half_a_character_waits_for_its_other_half() -> None:
    assert replies("好\ufffd", "好的") == ["好", "好的"]


def test_a_model_that_says_nothing_at_all_is_told_of() -> None:
    with pytest.raises(StageError, match="m ended without a reply"):
        replies()
