"""A small cast, and models that say what they are told to."""

from collections.abc import Sequence

from ditto.chat.roles import Cast, Role
from ditto.chat.speaker import Speaker
from ditto.chat.talk import Talk, Turn
from ditto.engines.base import Request, Sampling
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.records import Character

SAMPLED = Sampling(temperature=0.7, max_tokens=50)


def character(id: str, label: str, description: str, lang: str = "en", aliases: Sequence[str] = ()) -> Character:
    return Character(id=id, lang=lang, label=label, description=description, aliases=tuple(aliases))


PEOPLE = (
    character("Q1", "Mira Stone", "a ferrywoman", aliases=("The Ferrywoman",)),
    character("Q1", "米拉", "摆渡人", lang="zh"),
    character("Q2", "Tomas Reed", "a smith"),
    character("Q3", "Tomas Reed", "a thief"),
    character("Q4", "李白", "唐代诗人", lang="zh"),
)
CAST = Cast(PEOPLE, "nano")
MIRA = Role("Mira Stone", "You are Mira Stone, a ferrywoman.", "en", "Q1", "a ferrywoman")


def echo(request: Request) -> str:
    """The last message in capitals, and which sample this is."""
    return f"{request.messages[-1]['content'].upper()} {request.sample}"


def speaker(script: Script = echo, name: str = "parrot", sampling: Sampling = SAMPLED, room: int = 8192) -> Speaker:
    return Speaker(name, ScriptedEngine(script, max_length=room), sampling)


def talk(script: Script = echo, name: str = "parrot", role: Role = MIRA, room: int = 8192) -> Talk:
    return Talk(speaker(script, name, room=room), role, list[Turn]())
