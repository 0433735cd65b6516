"""The Hugging Face hub, which a plan asks once: where it does not answer, what is cached must do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from huggingface_hub import constants, get_session

from ditto.errors import ModelError
from ditto.models import Model

PATIENCE: Final = 5.0  # seconds


@contextmanager
def at_once(models: Iterable[Model]) -> Iterator[None]:
    """Where `models` lie on the hub and it is out of reach, have nothing within wait for it.

    Raises:
        ModelError: the configuration of one of them is needed and not cached.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or (any(model.on_hub for model in models) and not _answers())
    try:
        yield
    except ModelError as error:
        if not constants.HF_HUB_OFFLINE:
            raise
        said = str(error).rstrip(".")
        raise ModelError(
            f"{said}; give a folder that holds its config.json wherever this model is named: as seed.path=<folder>, "
            "supervisor.path, judge.model.path or benchmark.model.path."
        ) from None
    finally:
        constants.HF_HUB_OFFLINE = before


@cache
def _answers() -> bool:
    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    except Exception:  # its client's library, and so its errors, are the hub's own affair
        return False
    return True
