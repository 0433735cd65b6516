"""The process that vLLM lives in: `python -m ditto.engines.vllm_worker <file descriptor>`.

It is handed the options of `vllm.LLM`, says that it is ready or why not, and answers requests until
the other end of the pipe is closed, be it by a kill. When it ends, all its memory is free.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ditto.engines.base import Completion, Failure, Result
from ditto.engines.tokens import spoken


@dataclass(frozen=True, slots=True)
class Job:
    """One request: `params` are the arguments of `vllm.SamplingParams`."""

    id: int
    prompt: list[int]
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None


def main() -> None:
    pipe = Connection(int(sys.argv[1]))
    try:
        _run(pipe)
    except (EOFError, BrokenPipeError):
        return  # whoever asked is gone


def _run(pipe: Connection) -> None:
    options, lora = pipe.recv()
    try:
        from vllm import LLM
        from vllm.lora.request import LoRARequest

        llm = LLM(**options)
        adapter = LoRARequest("adapter", 1, lora) if lora else None
    except Exception as error:  # whatever it is, the user is told
        pipe.send(f"{type(error).__name__}: {error}")
        return
    pipe.send("")
    serve(llm.llm_engine, pipe, adapter)


def serve(engine: Any, pipe: Connection, lora: Any) -> None:
    """Take in requests whenever there are some, and send results as they finish."""
    while True:
        done: list[tuple[int, Result]] = []
        while pipe.poll() or not (done or engine.has_unfinished_requests()):
            done += [refused for job in pipe.recv() if (refused := _add(engine, job, lora))]
        done += [(int(out.request_id), _result(out)) for out in engine.step() if out.finished]
        if done:
            pipe.send(done)


def _add(engine: Any, job: Job, lora: Any) -> tuple[int, Failure] | None:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    structured = StructuredOutputsParams(json=dict(job.schema)) if job.schema else None
    params = SamplingParams(**job.params, structured_outputs=structured, output_kind=RequestOutputKind.FINAL_ONLY)
    try:
        engine.add_request(str(job.id), {"prompt_token_ids": job.prompt}, params, lora_request=lora)
    except ValueError as error:
        print(f"request refused: {error}", file=sys.stderr, flush=True)
        return job.id, Failure("refused by vLLM")
    return None


def _result(output: Any) -> Result:
    reply = output.outputs[0]
    if reply.finish_reason not in ("stop", "length"):
        return Failure(f"ended by {reply.finish_reason}")
    return Completion(
        text=spoken(reply.text),
        finish=reply.finish_reason,
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(reply.token_ids),
        cached_tokens=output.num_cached_tokens or 0,
    )


if __name__ == "__main__":
    main()
