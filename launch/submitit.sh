#!/usr/bin/env bash
# A matrix on a SLURM cluster: `bash launch/submitit.sh people.jsonl`, on the login node, inside tmux or screen.
#
# Three arrays of jobs, one after the other: the questions; every supervisor's dialogues and every row that cells share;
# the cells. Needs `pip install hydra-submitit-launcher`, and a root on a file system that all nodes see.
# A job that is preempted or runs out of time is queued again, for its time at most `max_num_timeout` times, and goes on
# where it was; the signal comes `signal_delay_s` before the end. At most `array_parallelism` jobs run at a time.
# When some have failed, the same command runs the cells that are missing.
set -euo pipefail
. .venv/bin/activate
export DITTO_ROOT=${DITTO_ROOT:-$PWD/outputs}
# Accelerator and precision are said because the login node may have no GPU to tell them from.
exec python -m ditto.run -m model@seed=qwen2_5_1_5b,qwen2_5_7b model@supervisor=qwen2_5_1_5b,qwen2_5_7b \
    hydra/launcher=submitit_slurm hydra.launcher.partition=gpu hydra.launcher.gpus_per_node=8 \
    hydra.launcher.cpus_per_task=96 hydra.launcher.timeout_min=1440 hydra.launcher.signal_delay_s=300 \
    hydra.launcher.max_num_timeout=3 hydra.launcher.array_parallelism=8 \
    +hydra.launcher.additional_parameters.requeue=true \
    trainer=zero2 trainer.devices=8 trainer.accelerator=gpu trainer.precision=bf16-mixed \
    tuning=full tuning.accumulate=2 engine=vllm engine.data_parallel=8 prompts=paper simulate=paper answer=paper \
    characters=jsonl characters.path="$1" benchmark=claims judge=words study.only_missing=true
