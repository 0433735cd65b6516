#!/usr/bin/env bash
# A 7B seed on one machine of eight GPUs: `bash launch/one_node.sh people.jsonl`.
# vLLM writes the dialogues with eight copies of the model; then torchrun starts a rank on each GPU.
set -euo pipefail
exec python -m ditto.run model@seed=qwen2_5_7b \
    tuning=full tuning.accumulate=2 trainer=zero2 trainer.devices=8 \
    engine=vllm engine.data_parallel=8 \
    prompts=paper simulate=paper answer=paper characters=jsonl characters.path="$1" benchmark=claims judge=words
