"""What finished stages took, out of their manifests."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ditto.engines.base import Sampling
from ditto.plan.replies import Replies
from ditto.plan.step import kind
from ditto.plan.work import Work
from ditto.store import MANIFEST

STAGES: Final = ("simulate", "filter", "tune", "answer", "judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A finished stage. `model` is the identity of the one that was asked, or tuned from; `expected` are the reply
    tokens that `Replies()` would have expected of it, `sessions` those of all steps of a tuning.
    """

    stage: str
    label: str
    key: str
    model: str
    seconds: float
    requests: int = 0
    prompt: int = 0
    reply: int = 0
    dollars: float = 0.0
    expected: float = 0.0
    works: tuple[Work, ...] = ()
    sessions: int = 0

    @property
    def kind(self) -> str:
        return kind(self.stage, self.label)


def taken(root: Path) -> list[Taken]:
    """All finished stages under `root` that asked or tuned a model, the latest last; unreadable ones are left out."""
    manifests = {m["key"]: m for stage in (*STAGES, "benchmark") for m in _manifests(root / stage)}
    in_order = sorted((m for m in manifests.values() if m["stage"] in STAGES), key=lambda m: m.get("made", ""))
    found = (_understood(m, manifests) for m in in_order)
    return [one for one in found if one]


def _understood(m: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Taken | None:
    """None of a stage that another version counted otherwise."""
    try:
        return _taken(m, others)
    except (KeyError, TypeError, ZeroDivisionError):
        return None


def _manifests(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob(f"*/{MANIFEST}")):
        try:
            manifest = json.loads(file.read_text("utf-8"))
            if isinstance(manifest["counts"], dict) and manifest["seconds"] >= 0:
                yield manifest
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _taken(m: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Taken | None:
    counts, settings = m["counts"], m["settings"]
    usage = counts.get("usage", {})
    base = Taken(
        stage=m["stage"],
        label=m["label"],
        key=m["key"],
        model=_model(m, others),
        seconds=m["seconds"],
        requests=counts.get("requested", 0),
        prompt=usage.get("prompt_tokens", 0),
        reply=usage.get("completion_tokens", 0),
        dollars=usage.get("dollars", 0.0),
    )
    if m["stage"] == "tune":
        return replace(base, sessions=counts["steps"] * settings["tuning"]["batch_size"])
    if not base.requests:
        return base
    fresh = 1 - usage.get("cached_tokens", 0) / max(1, base.prompt)
    if m["stage"] == "simulate":
        return _simulated(base, counts["pairs"], settings["simulate"], fresh)
    if m["stage"] == "filter":
        return base  # the time of its requests is not calibrated
    if m["stage"] == "answer":
        tests = others.get(m["inputs"]["benchmark"], {"counts": {}})["counts"]
        sampling = Sampling(**settings["answer"])
        together = (
            base.requests if settings["with_profile"] else min(base.requests, tests.get("sessions", base.requests))
        )
        work = _work(base, base.requests, base.reply, fresh, together, sampling.max_tokens)
        return replace(base, works=(work,), expected=base.requests * Replies().answer(sampling))
    voting = settings["judge"][""]["voting"]
    work = _work(base, base.requests, base.reply, fresh, base.requests, voting["max_tokens"])
    return replace(base, works=(work,), expected=base.requests * Replies().verdict(voting["max_tokens"]))


def _simulated(base: Taken, pairs: int, settings: Mapping[str, Any], fresh: float) -> Taken:
    """Its two kinds of requests; replies are divided as they would have been expected."""
    query, response = Sampling(**settings["query"]), Sampling(**settings["response"])
    n = min(base.requests, pairs * query.n)
    written = n * Replies().questions(query, settings["n_queries"])
    said = (base.requests - n) * Replies().answer(response)
    scale = base.reply / (written + said)
    works = (
        _work(base, n, written * scale, fresh, n, query.max_tokens),
        _work(base, base.requests - n, said * scale, fresh, base.requests - n, response.max_tokens),
    )
    return replace(base, works=works, expected=written + said)


def _work(base: Taken, requests: int, reply: float, fresh: float, together: int, max_tokens: int) -> Work:
    prompt = base.prompt * requests / base.requests
    return Work(
        requests=requests,
        prompt=prompt,
        reply=reply,
        fresh=prompt * fresh,
        sent=prompt,
        together=together,
        max_tokens=max_tokens,
    )


def _model(m: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> str:
    settings = m["settings"]
    if m["stage"] == "judge":
        judge = settings["judge"]
        return str(judge[""]["model"]) if isinstance(judge, dict) and set(judge) == {""} else ""
    asked = {"simulate": "supervisor", "filter": "supervisor", "tune": "seed", "answer": "model"}[m["stage"]]
    if settings.get(asked) is None:  # tuned here, and like what it was tuned from
        return _model(others[m["inputs"]["tune"]], others) if m["inputs"].get("tune") in others else ""
    return str(settings[asked])
