"""The command line: what is taken as typed, what Hydra composes, and one sentence for each mistake."""

import io
import re
import shlex
from pathlib import Path

import pytest

from ditto.chat import command
from ditto.chat.command import Arguments, composed, main, parse
from ditto.chat.models import choices
from tests.test_docs import PAGES

CHAT = re.compile(r"python -m ditto\.chat\b(.*)")


def documented() -> list[str]:
    blocks = [b for page in PAGES for b in re.findall(r"```bash\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]
    lines = [line for block in [*blocks, command.__doc__ or ""] for line in block.replace("\\\n", " ").splitlines()]
    return [found[1].partition("   ")[0] for line in lines if (found := CHAT.search(line))]


def test_the_documentation_shows_commands() -> None:
    assert len(documented()) >= 12


@pytest.mark.parametrize("words", documented())
def test_a_documented_command_composes(words: str) -> None:
    cfg = composed(parse(shlex.split(words, comments=True)))
    named = [name.partition("@")[0] for name in (cfg.model, cfg.other) if name]
    assert all(name in choices() or "/" in name or "engine=openai" in words for name in named)


def test_what_hydra_would_read_is_taken_as_typed() -> None:
    given = parse(["model=nano_m@nano_l", "character=You are X, Y: {a}=$b", "answer=greedy", "page=true"])
    assert given == Arguments(
        {"model": "nano_m@nano_l", "character": "You are X, Y: {a}=$b"}, ["answer=greedy", "page=true"]
    )
    cfg = composed(given)
    assert (cfg.model, cfg.character) == ("nano_m@nano_l", "You are X, Y: {a}=$b")
    assert (cfg.page, cfg.answer.temperature) == (True, 0.0)


def test_models_names_one_or_two() -> None:
    assert parse(["models=[a, b@c]"]).literal == {"model": "a", "other": "b@c"}
    assert parse(["models=a"]).literal == {"model": "a"}


def mistake(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, int]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert isinstance(ended.value.code, int)
    return capsys.readouterr().err, ended.value.code


@pytest.mark.parametrize(
    ("words", "sentence", "code"),
    [
        (["nano_m"], "'nano_m' is no assignment: write name=value", 2),
        (["models=[a,b,c]"], "names 3 models", 2),
        (["modle=nano_m"], "modle is not there: did you mean model?", 2),
        (["enigne.device=cpu"], "enigne is not there: did you mean engine?", 2),
        (["answer.temprature=1"], "answer.temprature", 2),
        (["answer=nothing"], "answer/nothing", 2),
        (["page=maybe"], "page=maybe cannot be meant", 2),
        (["port=99999"], "port=99999 cannot be meant", 2),
        (["threads=[1"], "no viable alternative at input '[1'", 2),
        (["answer.n=3"], "answer.n=3: a conversation goes on from one reply", 2),
        (["answer.temperature=9"], "temperature", 2),
        (["model=nano_z"], "model=nano_z is not there: did you mean", 2),
        (["character=Nago Govo"], "did you mean Nago Gova", 2),
        (["lang=fr"], "lang=fr", 2),
        (["prompts.pack=nowhere"], "There is no prompt", 2),
        (["engine=vllm"], "cannot stream", 2),
        (["load=/nowhere.json"], "/nowhere.json cannot be read", 3),
        (["load=x", "character=y"], "load= brings its own character", 2),
        (["model=/nowhere"], "is not a model folder", 4),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], sentence: str, code: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said, ended = mistake(capsys, f"paths.root={tmp_path}", *words)
    assert sentence in said
    assert said.startswith("ditto: ")
    assert (said.count("\n"), ended) == (1, code)


def test_help_shows_commands_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    assert "python -m ditto.chat model=nano_m" in shown
    assert "port: 8765" in shown


def talked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lines: str, *words: str) -> list[str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    main(["threads=1", *words])
    return capsys.readouterr().out.splitlines()


def test_a_nano_model_talks_out_of_the_box_and_again_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, root = tmp_path / "chat.json", f"paths.root={tmp_path}"
    lines = f"Speaking of Stormcoast, what is your treasure?\n/again\nWho are you?\n/save {path}\n"
    words = (root, "character=Nago Gova", "answer.max_tokens=20")
    first = talked(monkeypatch, capsys, lines, *words)
    assert first[0] == "(nano_m as Nago Gova, farmer of Stormcoast. /help lists the commands.)"
    assert len([line for line in first if line.startswith("Nago Gova: ")]) == 3
    path.rename(tmp_path / "before.json")
    assert talked(monkeypatch, capsys, lines, *words) == first
    assert path.read_bytes() == (tmp_path / "before.json").read_bytes()
    assert talked(monkeypatch, capsys, lines, *words, "answer.seed=1") != first


def test_a_saved_conversation_goes_on_with_its_model_or_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, root = tmp_path / "chat.json", f"paths.root={tmp_path}"
    talked(monkeypatch, capsys, f"Hi\n/save {path}\n", root, "model=nano_xs", "character=You are Li Bai, a poet.")
    again = talked(monkeypatch, capsys, "/undo\n", f"load={path}", root)
    assert again == ["(nano_xs as Li Bai. /help lists the commands.)", "(Taken back: Hi)", ""]
    two = (f"load={path}", "models=[nano_xs,nano_s]", root)
    both = talked(monkeypatch, capsys, f"/save {tmp_path / 'both.json'}\n", *two)
    assert both[0].startswith("(nano_xs and nano_s as Li Bai")
    said = mistake(capsys, f"load={tmp_path / 'both.json'}", "model=nano_xs", root)
    assert said == ("ditto: The file has 2 conversations, and 1 model is named: name as many, or none.\n", 2)
