"""Replies piece by piece, for whoever sits in front of them: one conversation, no batch, no journal."""

from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final, Protocol, TypeVar, cast, runtime_checkable

from ditto.engines.base import Completion, Engine, Request

T = TypeVar("T")
_END: Final = object()


@runtime_checkable
class StreamingEngine(Engine, Protocol):
    """An engine that can also be listened to while it speaks."""

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        """Yield the reply so far again and again, the last time whole; ends soon after `stop` is set.

        The last one is what `generate` gives for the same request.

        Raises:
            StageError: there is no reply.
        """
        ...


def emitted(work: Callable[[Callable[[T], None]], None], stop: Event) -> Generator[T, None, None]:
    """What `work(emit)` emits in a thread of its own, as it comes; what it raises is raised here.

    Whoever stops listening sets `stop`, which `work` has to heed.
    """
    queue: SimpleQueue[object] = SimpleQueue()

    def run() -> None:
        try:
            work(queue.put)
        except Exception as error:  # raised again below
            queue.put(error)
        else:
            queue.put(_END)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        while (one := queue.get()) is not _END:
            if isinstance(one, Exception):
                raise one
            yield cast(T, one)
    finally:
        stop.set()
        thread.join()
