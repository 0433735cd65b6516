"""The process that reads blocks of a dump for `scan`; it is told the job once, then a block at a time."""

import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from ditto.characters.scan import parted


def serve(pipe: Connection) -> None:
    """Answer with each block's parts, None for one that is damaged, until the other end closes."""
    with suppress(EOFError, ConnectionError):
        job = pipe.recv()
        while True:
            block = pipe.recv()
            try:
                text = block.text()
            except (OSError, ValueError):
                pipe.send(None)
            else:
                pipe.send(parted(text, job))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
