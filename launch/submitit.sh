#!/usr/bin/env bash
# A matrix on a SLURM cluster, every cell a job of its own: `bash launch/submitit.sh people.jsonl`, on the login node.
# Needs `pip install hydra-submitit-launcher`. Cells share their simulations and bases through the root, which must lie on a
# file system that all nodes see; whoever comes second waits.
set -euo pipefail
exec python -m ditto.run -m model@seed=qwen2_5_1_5b,qwen2_5_7b model@supervisor=qwen2_5_1_5b,qwen2_5_7b \
    hydra/launcher=submitit_slurm hydra.launcher.partition=gpu hydra.launcher.gpus_per_node=8 \
    hydra.launcher.cpus_per_task=96 hydra.launcher.timeout_min=1440 \
    tuning=full tuning.accumulate=2 trainer=zero2 trainer.devices=8 engine=vllm engine.data_parallel=8 \
    prompts=paper simulate=paper answer=paper characters=jsonl characters.path="$1" benchmark=claims judge=words
