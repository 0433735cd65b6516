"""Upload a tuned model with its scores to the Hugging Face Hub, once its cell is judged."""

import logging
from pathlib import Path

from huggingface_hub import HfApi, ModelCard
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id
from omegaconf import DictConfig

from ditto.errors import ConfigError, StageError
from ditto.records import Verdict, read_jsonl
from ditto.report.matrix import ALL, Entry, matrix
from ditto.store import Artifact

log = logging.getLogger(__name__)


def check_push(cfg: DictConfig) -> None:
    """Ask the hub who we are, before anything is tuned.

    Raises:
        ConfigError: no such name can be, or the hub does not know us.
    """
    if cfg.hub.push is None:
        return
    try:
        validate_repo_id(cfg.hub.push)
        HfApi().whoami()
    except HFValidationError:
        raise ConfigError(f"hub.push={cfg.hub.push} is no repository: give <user>/<name>.") from None
    except Exception:  # no token, a wrong one, no hub: each has errors of its own
        raise ConfigError(
            f"hub.push={cfg.hub.push} needs the hub and a token that may write: `hf auth login`, or set HF_TOKEN."
        ) from None


def push(cfg: DictConfig, tuned: Artifact, verdicts: Path, seed: str, supervisor: str) -> None:
    """Upload the model's folder; its card gets the scores of `verdicts`.

    Raises:
        StageError: the hub refused; the model stays where it is.
    """
    folder, repo, api = tuned.path / "model", str(cfg.hub.push), HfApi()
    card = ModelCard.load(folder / "README.md")
    card.text = f"{card.text.rstrip()}\n\n{scores(verdicts, seed, supervisor)}"
    try:
        api.create_repo(repo, private=cfg.hub.private, exist_ok=True)
        api.upload_folder(
            repo_id=repo, folder_path=folder, ignore_patterns=["README.md"], commit_message=f"{seed} on {supervisor}"
        )
        api.upload_file(
            repo_id=repo,
            path_or_fileobj=str(card).encode(),
            path_in_repo="README.md",
            commit_message="Card with its scores",
        )
    except Exception as error:  # the hub, its transport and the disk raise each their own
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise StageError(
            f"{folder} was not uploaded to {repo}: {reason}. It stays there, and the same command tries again."
        ) from None
    log.info("%-11s %s  %s/%s", "push", repo, api.endpoint, repo)


def scores(verdicts: Path, seed: str, supervisor: str) -> str:
    """The three metrics with their intervals, as Markdown."""
    found = read_jsonl(verdicts / "verdicts.jsonl", Verdict)
    lines = [line for line in matrix({Entry("imitation", seed, supervisor): found}) if line.language == ALL]
    rows = [f"| {line.metric} | {line.value:.2f} [{line.ci_low:.2f}, {line.ci_high:.2f}] |" for line in lines]
    return "\n".join(
        [f"Simulated by {supervisor}, judged on held-out characters:", "", "| metric | score |", "|---|---|", *rows, ""]
    )
