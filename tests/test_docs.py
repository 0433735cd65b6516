"""Every command in the documentation composes; the example character file is read as it stands."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ditto import study
from ditto.characters.jsonl import JsonlCharacters
from ditto.characters.profile import read_profile
from ditto.run import CONF

TOP = Path(__file__).parent.parent
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md")), *sorted((TOP / "experiments").rglob("*.md"))]


SCRIPTS = sorted(f for f in (TOP / "launch").iterdir() if f.suffix in (".sh", ".slurm"))


def commands() -> list[tuple[str, str]]:
    """(page, command) of every line that runs ditto in a bash block or a script, continued lines joined."""
    found = []
    for page in [*PAGES, *SCRIPTS]:
        text = page.read_text("utf-8")
        blocks = [text] if page in SCRIPTS else re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
        for block in blocks:
            for line in block.replace("\\\n", " ").splitlines():
                said = "" if line.startswith("#") else line
                found += [(page.name, part.strip()) for part in said.split("&&") if "python -m ditto.run" in part]
    return found


def test_the_documentation_shows_commands() -> None:
    assert len(commands()) >= 12


def composed(command: str, *more: str) -> DictConfig:
    """The configuration of the command's first cell."""
    words = shlex.split(command, comments=True)
    overrides = [w for w in words[words.index("ditto.run") + 1 :] if not w.startswith("-")]
    single = [re.sub(r"^(model@\w+)=([^,]+),.*", r"\1=\2", w) for w in overrides if not w.startswith("hydra")]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=[*single, *more])


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_documented_command_composes(page: str, command: str) -> None:
    assert composed(command), page


@pytest.mark.parametrize(("tuning", "n"), [("lora", 6), ("full", 2)])
def test_the_ladders_commands_make_one_matrix(tuning: str, n: int) -> None:
    """On the same devices, which the precision follows."""
    cells = [composed(c, "trainer.precision=bf16-mixed") for page, c in commands() if page == "cross_supervision.md"]
    keys = [study.key(c) for c in cells if c.task == "cell" and (c.tuning.adapter is not None) == (tuning == "lora")]
    assert len(keys) == n
    assert len(set(keys)) == 1


def test_the_example_characters_are_read(tmp_path: Path) -> None:
    text = (TOP / "docs" / "characters.md").read_text("utf-8")
    example = re.search(r"<!-- file: people.jsonl -->\n```json\n(.*?)```", text, re.DOTALL)
    assert example
    (tmp_path / "people.jsonl").write_text(example[1], "utf-8")
    split = JsonlCharacters(path=str(tmp_path / "people.jsonl"), n_test=4).split()
    assert (len(split.train), len(split.test)) == (2, 4)


def test_the_example_profile_is_read(tmp_path: Path) -> None:
    text = (TOP / "docs" / "characters.md").read_text("utf-8")
    example = re.search(r"<!-- file: mira.yaml -->\n```yaml\n(.*?)```", text, re.DOTALL)
    assert example
    (tmp_path / "mira.yaml").write_text(example[1], "utf-8")
    mira = read_profile(tmp_path / "mira.yaml")
    assert (mira.id, len(mira.claims), mira.article.count(".")) == ("mira", 4, 2)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
