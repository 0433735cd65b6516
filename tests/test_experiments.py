"""Recorded studies come out again, to the byte, by the commands their pages give."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
# Sums of floats come out in another order with other vector instructions.
RECORDED_WITH = "AVX512"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all of them: their first arms are the same cell."""
    return tmp_path_factory.mktemp("outputs")


def command(experiment: str) -> list[str]:
    """The first command of the experiment's page."""
    page = (EXPERIMENTS / experiment / "README.md").read_text("utf-8")
    found = re.search(r"```bash\npython (.*?)\n", page)
    assert found
    return [sys.executable, *shlex.split(found[1])]


@pytest.mark.slow
@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() != RECORDED_WITH,
    reason=f"the studies were recorded on a CPU with {RECORDED_WITH}",
)
@pytest.mark.parametrize("experiment", ["lora", "languages", "knowledge"])
def test_a_recorded_study_comes_out_again(experiment: str, root: Path) -> None:
    subprocess.run([*command(experiment), f"paths.root={root}"], check=True, timeout=590)
    recorded = sorted((EXPERIMENTS / experiment).glob("*.csv"))
    assert recorded
    for file in recorded:
        assert (root / "report" / experiment / file.name).read_bytes() == file.read_bytes(), file.name
