"""Talk to a model, tuned or not, as one of the characters or as somebody new.

python -m ditto.chat model=nano_m character="Nago Gova"                 in the terminal
python -m ditto.chat model=nano_m@nano_l study=cross_sup                the model that a study's cell tuned
python -m ditto.chat models=[nano_m,nano_m@nano_l] page=true            two side by side, on a page
python -m ditto.chat model=./my_model character="You are Li Bai, a poet of the Tang dynasty."
python -m ditto.chat model=qwen2_5_7b engine=openai engine.base_url=http://127.0.0.1:8000/v1
python -m ditto.chat load=chat.json                                     go on with a saved conversation
"""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from io import TextIOWrapper
from typing import Final

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ditto.config import one_line, register_resolvers
from ditto.errors import ConfigError, DittoError, Interrupted
from ditto.run import CONF

# Taken as they are typed; Hydra would read commas, blanks and the group `model` in them.
LITERAL: Final = ("model", "other", "study", "character", "lang", "load")


@dataclass(frozen=True, slots=True)
class Arguments:
    """A command line in its parts: what is taken literally, and what Hydra composes."""

    literal: dict[str, str]
    overrides: list[str]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. Errors come out as one sentence and an exit code (`ditto.errors`)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if {"-h", "--help"} & set(words):
        print(f"{__doc__}\n{(CONF / 'chat.yaml').read_text('utf-8')}", end="")
        return
    try:
        given = parse(words)
        _talk(composed(given), given)
    except KeyboardInterrupt:
        sys.exit(Interrupted.exit_code)
    except DittoError as error:
        print(f"ditto: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def parse(words: Sequence[str]) -> Arguments:
    """Raises:
    ConfigError: a word that is no assignment, or a third model.
    """
    literal, overrides = dict[str, str](), list[str]()
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"{word!r} is no assignment: write name=value, as in character={word!r}.")
        if name == "models":
            literal |= _models(value)
        elif name in LITERAL:
            literal[name] = value
        else:
            overrides.append(word)
    return Arguments(literal, overrides)


def _models(value: str) -> dict[str, str]:
    names = [name.strip() for name in value.strip("[] ").split(",") if name.strip()]
    if not 1 <= len(names) <= 2:
        raise ConfigError(f"models={value} names {len(names)} models: give one or two, as in models=[nano_s,nano_m].")
    return dict(zip(("model", "other"), names, strict=False))


def composed(given: Arguments) -> DictConfig:
    """conf/chat.yaml with the command line's values.

    Raises:
        ConfigError: a name that is not there, or a value that cannot be meant.
    """
    register_resolvers()
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = hydra.compose("chat", given.overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_meant(one_line(error), given.overrides)) from None
    for name, value in given.literal.items():
        cfg[name] = value
    if not isinstance(cfg.page, bool):
        raise ConfigError(f"page={cfg.page} cannot be meant: it is true or false.")
    if not isinstance(cfg.port, int) or not 0 <= cfg.port <= 65535:
        raise ConfigError(f"port={cfg.port} cannot be meant: it is a whole number from 0 to 65535.")
    return cfg


def _meant(said: str, overrides: Sequence[str]) -> str:
    """The sentence, and what a name that is not there may have been meant to be."""
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        known = [*map(str, hydra.compose("chat")), "models", "engine@other_engine"]
    for name in (re.split(r"[=.]", word.lstrip("+~"))[0] for word in overrides):
        if name not in known and (near := get_close_matches(name, known, n=1)):
            return f"{name} is not there: did you mean {near[0]}?"
    return said


def _talk(cfg: DictConfig, given: Arguments) -> None:
    from ditto.chat import session  # torch and transformers load only once the configuration holds

    with session.opened(cfg, given) as (talks, cast):
        if cfg.page:
            from ditto.chat.server import serve

            serve(talks, cast, cfg.port, sys.stdout)
        else:
            from ditto.chat.terminal import Terminal

            _line_editing()
            Terminal(talks, cast, input if sys.stdin.isatty() else _piped, sys.stdout).run()


def _line_editing() -> None:
    """Arrow keys and history in `input`, where the system has them, and no error for a byte that is no text."""
    with suppress(ImportError):
        import readline

        readline.parse_and_bind("set enable-bracketed-paste on")
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _piped(_: str) -> str:
    """A line from a file or pipe, which needs no prompt."""
    if line := sys.stdin.readline():
        return line
    raise EOFError
