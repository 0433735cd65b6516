"""Characters in two languages, and a scripted model that builds a benchmark of them."""

import json
import re
from collections.abc import Callable

from ditto.engines.base import Failure, Request
from ditto.records import Character, Claim

SENTENCES = {"en": "In number {i} the old bridge\nfell twice. Nobody wept.", "zh": "第{i}号旧桥塌了\n两次。没有人哭。"}
Reply = Callable[[Request], str | Failure]


def person(i: int, lang: str = "en") -> Character:
    claims = tuple(
        Claim(id=f"Q{i}/{name}", property=name, value=value)
        for name, value in (("home", f"home{i}"), ("beast", f"beast{i % 2}"))
    )
    return Character(
        id=f"Q{i}",
        lang=lang,
        label=f"{lang}{i}",
        description="somebody of old",
        claims=claims,
        article=SENTENCES[lang].format(i=i),
    )


PEOPLE = tuple(person(i, lang) for lang in ("en", "zh") for i in range(4))


def task(request: Request) -> str:
    """What a request of the builder is for."""
    if request.schema is None:
        return "answer"
    if request.schema["type"] == "array":
        return "queries"
    return "evidence" if "claims" in request.schema["properties"] else "check"


def queries(request: Request) -> str:
    """Two questions for the first of the two profiles."""
    text = request.messages[0]["content"]
    found = re.search(r"(?:Name: |姓名：)(.+)", text)
    assert found
    who = found[1]
    wording = (
        "Where is the home of your heart, {}, part {}?" if who.startswith("en") else "你心里的家在哪里，{}，第{}回？"
    )
    return json.dumps([{"question": wording.format(who, n)} for n in (1, 2)], ensure_ascii=False)


def evidence(request: Request) -> str:
    text = request.messages[0]["content"]
    quote = "the old bridge fell twice." if "bridge" in text else "号旧桥塌了 两次。"
    return json.dumps({"claims": [1], "quotes": [quote]}, ensure_ascii=False)


def check(request: Request) -> str:
    """Whoever is not named in the question has to turn it down."""
    text = request.messages[0]["content"]
    label = re.search(r"(?:en|zh)\d", text)
    asked = re.search(r"(?:en|zh)\d", re.split("Question:|问题：", text)[-1])
    assert label
    assert asked
    return json.dumps({"reason": "so it is", "refuses": label[0] != asked[0]})


def answer(request: Request) -> str:
    return "我记得很清楚。" if "你就是" in request.messages[0]["content"] else "I remember it well."


def script(**changed: Reply) -> Reply:
    """A model that does everything well, except what is `changed`."""
    replies: dict[str, Reply] = {"queries": queries, "evidence": evidence, "check": check, "answer": answer} | changed
    return lambda request: replies[task(request)](request)
