"""vLLM by itself, on the requests of `benchmarks.prefixes`: what a short script would do."""

import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    from vllm import LLM, SamplingParams

    from benchmarks.prefixes import GIB_OF_CACHE, REPLY, ROLES, paper_shaped

    llm = LLM(
        model=sys.argv[1],
        dtype="float32",
        max_model_len=int(sys.argv[2]),
        enforce_eager=True,
        enable_chunked_prefill=False,
        kv_cache_memory_bytes=GIB_OF_CACHE << 30,
    )
    params = SamplingParams(temperature=0, max_tokens=REPLY)
    for seed, n_roles in ((1000, 2), (0, ROLES)):
        conversations: list[Any] = [list(request.messages) for request in paper_shaped(seed, n_roles)]
        start = time.perf_counter()
        llm.chat(conversations, params, use_tqdm=False)
        seconds = time.perf_counter() - start
    Path(sys.argv[3]).write_text(str(len(conversations) / seconds))


if __name__ == "__main__":
    main()
