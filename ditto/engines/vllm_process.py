"""A process with vLLM in it, seen from outside: started, asked, ended."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

from ditto.engines.base import Batch
from ditto.engines.vllm_worker import Job
from ditto.errors import ModelError, StageError

SECONDS_TO_END: Final = 20.0
# What vLLM says when it cannot start, and what to do about it.
REMEDIES: Final = {
    r"greater than the derived max_model_len": "set a lower max_length for the model",
    r"(?i)out of memory|memory utilization|available memory|kv cache": "lower max_length or engine.memory_share, "
    "or use more GPUs with engine.tensor_parallel",
    r"(?i)divisible|tensor.parallel": "choose another engine.tensor_parallel",
    r"(?i)quantiz": "choose another engine.quantization",
    r"(?i)unexpected keyword argument": "remove it from engine.options",
}
ERROR: Final = re.compile(r"(?m)(?:^|[\s.])(\w*(?:Error|Exception): .+)$")


class Process:
    """One worker (`vllm_worker.py`) in a session of its own, so that Ctrl-C reaches it through us alone."""

    def __init__(self, model: str, options: Mapping[str, Any], lora: str | None, devices: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        self._model, self._failed = model, False
        descriptor, path = tempfile.mkstemp(prefix="ditto-vllm-", suffix=".log")
        self._log = Path(path)
        with theirs, os.fdopen(descriptor, "wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "ditto.engines.vllm_worker", str(theirs.fileno())],
                env=_environment(devices),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.pipe = Connection(ours.detach())
        self.pipe.send((dict(options), lora))

    def wait_until_ready(self) -> None:
        """Until the model is loaded.

        Raises:
            ModelError: vLLM cannot start; the sentence says why and what to do.
        """
        try:
            failed = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            failed = "its process has ended; see the root cause"
        if failed:
            raise ModelError(f"vLLM cannot start {self._model}: {self._reason(failed)}")

    def send(self, jobs: Sequence[Job]) -> None:
        self.pipe.send(jobs)

    def receive(self) -> Batch:
        """All the results that have come in.

        Raises:
            StageError: the process has ended.
        """
        batch = list[Any]()
        try:
            while not batch or self.pipe.poll():
                batch += self.pipe.recv()
        except (EOFError, ConnectionResetError):
            if not batch:
                raise StageError(
                    f"vLLM ended while {self._model} was answering: {self._reason('')} What is done is kept; run again."
                ) from None
        return batch

    def close(self) -> None:
        """End it and everything it started, and free its memory."""
        self.pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(SECONDS_TO_END)
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        if not self._failed:
            self._log.unlink(missing_ok=True)

    def _reason(self, said: str) -> str:
        """What went wrong in one line, and a remedy; the first error in its log causes those after it."""
        self._failed = True
        logged = ERROR.search(self._log.read_text("utf-8", errors="replace"))
        vague = not said or "root cause" in said
        cause = logged[1] if vague and logged else said or f"exit code {self._child.wait()}"
        cause = " ".join(re.sub(r"(?s)\[type=.*|^\w+: \d+ validation error for \w+", "", cause).split())
        remedy = next((f"; {remedy}" for sign, remedy in REMEDIES.items() if re.search(sign, cause)), "")
        return f"{cause[:400].rstrip('.')}{remedy} (all it said is in {self._log})."


def ready(processes: Sequence[Process]) -> list[Process]:
    """Those that have something to say, once there is one."""
    pipes = wait([process.pipe for process in processes])
    return [process for process in processes if process.pipe in pipes]


def _environment(devices: Sequence[str]) -> dict[str, str]:
    chosen = {"CUDA_VISIBLE_DEVICES": ",".join(devices)} if devices else {}
    return {**os.environ, **chosen, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
