"""`benchmark=wikirole`: WikiRoleEval's own roles and questions (paper, section 4), from upstream's input file."""

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ditto.errors import DataError
from ditto.evaluate.upstream import Role, content, read
from ditto.records import Character, Claim, Message, Question, Session, Split

ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+")  # what begins an item of a markdown list
PAIR: Final = re.compile(r"([^:：]+)(?:：\s*|:\s+)(.+)", re.DOTALL)  # a property and its value
CONVERSATION: Final = TypeAdapter(list[Message])
MARK: Final = re.compile(r"\s*[^\w\s]\s*|\s*\n\s*")  # what parts a candidate's label from the text after it


@dataclass(frozen=True, slots=True)
class WikiRole:
    """The sessions of the input file at `path`. `check_hash` refuses a published file that was changed."""

    path: str
    check_hash: bool = True

    @property
    def identity(self) -> str:
        """What identifies the benchmark in the key of its sessions.

        Raises:
            DataError: the file cannot be used.
        """
        return f"wikirole/{sha256(content(Path(self.path), check_hash=self.check_hash)).hexdigest()}"

    def sessions(self, split: Split) -> list[Session]:
        """A session for each role of the file; the split's own test characters are not asked.

        Raises:
            DataError: a record does not fit, or a role of the file is among the characters to train on.
        """
        roles = read(Path(self.path), Role, check_hash=self.check_hash)
        trained = {(c.lang, name): c.id for c in split.train for name in (c.id, c.label)}
        for role in roles:
            for name in (role.id, role.label):
                if who := trained.get((role.lang, name)):
                    raise DataError(
                        f"{self.path} tests the role {role.label!r} ({role.lang}), which is trained on as {who!r}: "
                        "take it out of the characters."
                    )
        return [session(role) for role in roles]


def session(role: Role) -> Session:
    """An upstream record as a session; the model is told the record's own `system`."""
    character = Character(
        id=role.id,
        lang=role.lang,
        label=role.label,
        description=role.description,
        aliases=role.aliases,
        claims=_claims(role),
        article=role.wiki.content,
        summary=role.summary,
    )
    asked = zip(role.prompts, role.rejection_labels, role.evidence, _references(role), strict=True)
    return Session(
        character=character,
        candidates=_candidates(role, character),
        questions=tuple(
            Question(
                query=prompt, reject=label == 1, evidence=facts(evidence, f"{role.id}/{turn}"), reference=reference
            )
            for turn, (prompt, label, evidence, reference) in enumerate(asked)
        ),
        system=role.system,
    )


def facts(text: str, name: str) -> tuple[Claim, ...]:
    """The items of a markdown list as claims `name/0`, `name/1`, ...; one without "property: value" has no property.

    A line that begins no item belongs to the item before it.
    """
    items = list[str]()
    for line in filter(str.strip, text.splitlines()):
        if items and not ITEM.match(line):
            items[-1] += f"\n{line.strip()}"
        else:
            items.append(ITEM.sub("", line, count=1).strip())
    return tuple(_fact(item, f"{name}/{n}") for n, item in enumerate(items))


def _fact(item: str, id: str) -> Claim:
    pair = PAIR.fullmatch(item)
    return Claim(id=id, property=pair[1].strip() if pair else "", value=(pair[2] if pair else item).strip())


def _references(role: Role) -> list[str]:
    """The assistant's turns of `ref_messages`, or of the JSON in it; blank where there is not one a prompt."""
    given = role.ref_messages
    try:
        messages = CONVERSATION.validate_json(given) if isinstance(given, str) else CONVERSATION.validate_python(given)
    except ValidationError:
        messages = []
    said = [message["content"] for message in messages if message["role"] == "assistant"]
    return said if len(said) == len(role.prompts) else [""] * len(role.prompts)


def _claims(role: Role) -> tuple[Claim, ...]:
    """The Wikidata statements, in words where the record has them so."""
    stated = role.trans_claims or role.claims
    return tuple(
        Claim(id=f"{role.id}/claims/{n}", property=name, value=", ".join(values))
        for n, (name, *values) in enumerate(stated)
    )


def _candidates(role: Role, character: Character) -> tuple[Character, ...]:
    """The record's candidates in its order.

    Each is introduced by the record's words for it alone, the role itself included: were it the only one
    with a summary, it could be told by that. The sign after the role's label parts label and text in all.
    """
    assert role.candidate is not None
    own = role.role_consist_cands[role.candidate].removeprefix(role.label)
    mark = MARK.match(own)
    made = []
    for n, text in enumerate(role.role_consist_cands):
        if n == role.candidate:
            rest = own[mark.end() :] if mark else own
            made.append(replace(character, description="", article="", summary=rest.strip()))
        else:
            label, _, rest = text.partition(mark[0]) if mark else (text, "", "")
            about = Character(
                id=f"{role.lang}/{label}", lang=role.lang, label=label, description="", summary=rest.strip()
            )
            made.append(about)
    return tuple(made)
