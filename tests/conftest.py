"""What tests share: no network, one thread, and a model of random weights that loads like any other."""

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings

from ditto.config import register_resolvers
from ditto.models import Model
from ditto.nano.pretrain import Size, build_model
from ditto.nano.tokenizer import build_tokenizer

register_resolvers()
torch.set_num_threads(1)
# The gate tries the same examples every time; `--hypothesis-profile search` looks for new ones, many of them.
settings.register_profile("same", derandomize=True)
settings.register_profile("search", max_examples=3000, deadline=None)
settings.load_profile("same")


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of random weights with the nano tokenizer, as a Hugging Face folder."""
    folder = tmp_path_factory.mktemp("models") / "random"
    tokenizer = build_tokenizer()
    size = Size(width=32, layers=1, heads=1, steps=(1, 1, 1, 1, 1), lr=1e-3)
    build_model(size, tokenizer, seed=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def model(model_folder: Path) -> Model:
    return Model(name="random", path=str(model_folder), max_length=512)
