"""`benchmark=build`: a test set like WikiRoleEval for any characters, written by a strong model (paper, section 4).

Queries are simulated between pairs of test roles: what the one can answer is to be turned down by the
other. Evidence is kept as far as it is in the profile. Labels hold by construction, and the model is
asked whether it agrees; where it does not, the label stays and the doubt is told.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Engine, Request, Result, Sampling
from ditto.errors import ConfigError
from ditto.evaluate.benchmark import N_CANDIDATES, candidates, comparable
from ditto.evaluate.evidence import SCHEMA, evidence_of
from ditto.evaluate.llm import introduction
from ditto.evaluate.reading import CHECK, reads, turned_down
from ditto.journal import Journal
from ditto.prompts import Prompts
from ditto.records import Character, Claim, Question, Session
from ditto.simulate.filters import Malformed, text_of, whole
from ditto.simulate.queries import Query, choose_queries, pair, query_requests
from ditto.simulate.responses import response_request

SAMPLES: Final = 3  # of a pair's queries, of which one valid one is chosen (paper, section 3.2)
# Of query replies, of queries, of evidence, of references and of checks, in turn.
REASONS: Final = ("rejected", "repaired", "dropped", "invented", "unanswered", "unchecked")


@dataclass(frozen=True, slots=True)
class Building:
    """`specific` and `contrastive` queries a role; two packs of prompts, to write and to check with.

    Raises:
        ConfigError: a value outside its range.
    """

    specific: int = 3
    contrastive: int = 3
    temperature: float = 0.7
    max_tokens: int = 1024
    prompts: str = "paper"
    checks: str = "build"
    seed: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.specific <= 20 and 1 <= self.contrastive <= 20):
            raise ConfigError(
                f"benchmark.specific={self.specific} and contrastive={self.contrastive} must be from 1 to 20."
            )
        assert self.writing

    @property
    def writing(self) -> Sampling:
        return Sampling(self.temperature, max_tokens=self.max_tokens, seed=self.seed)

    @property
    def reading(self) -> Sampling:
        return Sampling(max_tokens=self.max_tokens, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the model says of a question's label: `rejects` is None, with the reason, where that cannot be told."""

    character: str
    lang: str
    turn: int
    rejects: bool | None
    reason: str = ""
    transcript: str = ""


@dataclass
class Builder:
    """A strong model at work on a test set, and the counts of what it did.

    `writing` and `checking` are the prompts of each language.
    """

    engine: Engine
    journal: Journal
    settings: Building
    writing: Mapping[str, Prompts]
    checking: Mapping[str, Prompts]
    name: str = ""
    tally: Tally = field(default_factory=Tally)
    seen: Counter[str] = field(default_factory=Counter)
    reasons: Mapping[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in REASONS})

    def build(self, roles: Sequence[Character]) -> tuple[list[Session], list[Check]]:
        """The sessions of all roles that got a question, and a check of each question in their order.

        Raises:
            DataError: fewer than four roles of a language.
        """
        choices = [_candidates(role, roles, self.settings.seed) for role in roles]
        grounded = self._grounded(self._queries(roles))
        queries = [query for query, _ in grounded]
        drafts = list(zip(grounded, self._references(queries), self._checks(queries), strict=True))
        sessions, checks = list[Session](), list[Check]()
        for role, chosen in zip(roles, choices, strict=True):
            asked = [draft for draft in drafts if draft[0][0].character == role]
            Random(f"{self.settings.seed}/{role.lang}/{role.id}").shuffle(asked)
            questions = [_question(query, evidence, reference) for (query, evidence), reference, _ in asked]
            for turn, (question, (*_, reply)) in enumerate(zip(questions, asked, strict=True)):
                checks.append(self._check(role, turn, question, reply))
            if questions:
                sessions.append(Session(character=role, candidates=chosen, questions=tuple(questions)))
        self.seen["roles without a question"] = len(roles) - len(sessions)
        return sessions, checks

    def counts(self) -> dict[str, Any]:
        """Everything that was asked, written, kept, dropped and doubted, by reason.

        `queries` = `questions` + `dropped`, and `questions` = `agreed` + `doubted` + `unchecked`.
        """
        told = ("pairs", "pairs without a valid sample", "queries", "questions", "agreed", "doubted")
        return {
            **self.tally.counts(),
            **{name: self.seen[name] for name in (*told, "profiles cut", "roles without a question")},
            **{name: dict(sorted((+counter).items())) for name, counter in self.reasons.items()},
        }

    def _queries(self, roles: Sequence[Character]) -> list[Query]:
        """As many of each kind for each role as wanted, no two alike."""
        wanted = {"specific": self.settings.specific, "contrastive": self.settings.contrastive}
        n, sampling, seed = max(wanted.values()), self.settings.writing, self.settings.seed
        sampling = replace(sampling, n=SAMPLES if sampling.temperature else 1)
        pairs = pair(roles, seed)
        requests, n_cut = query_requests(pairs, self.writing, self.engine, sampling, n)
        replies = self._ask(requests, "writes queries")
        queries = choose_queries(pairs, replies, sampling.n, seed, self.reasons["rejected"], self.reasons["repaired"])
        valid = {(q.source, q.character.id, q.character.lang) for q in queries if q.kind == "contrastive"}
        self.seen.update({"pairs": len(pairs), "pairs without a valid sample": len(pairs) - len(valid)})
        self.seen.update({"queries": len(queries), "profiles cut": n_cut})
        kept = dict[tuple[str, str, str], Query]()
        taken = Counter[tuple[str, str, str]]()
        for query in queries:
            who = (query.character.lang, query.character.id)
            if (*who, query.text) in kept:
                self.reasons["dropped"]["repeated"] += 1
            elif taken[*who, query.kind] >= wanted[query.kind]:
                self.reasons["dropped"]["more than wanted"] += 1
            else:
                kept[*who, query.text] = query
                taken[*who, query.kind] += 1
        return list(kept.values())

    def _grounded(self, queries: Sequence[Query]) -> list[tuple[Query, tuple[Claim, ...]]]:
        """The queries with their evidence; a specific one without any is dropped."""
        requests = [self._reads(query, "evidence", SCHEMA) for query in queries if query.kind == "specific"]
        replies = iter(self._ask(requests, "finds evidence"))
        grounded = []
        for query in queries:
            try:
                grounded.append((query, self._evidence(query, replies)))
            except Malformed as reason:
                self.reasons["dropped"][str(reason)] += 1
        self.seen["questions"] = len(grounded)
        return grounded

    def _evidence(self, query: Query, replies: Iterator[Result]) -> tuple[Claim, ...]:
        if query.kind == "contrastive":
            return ()
        return evidence_of(next(replies), query.character, self.reasons["invented"])

    def _references(self, queries: Sequence[Query]) -> list[str]:
        """An answer to each query with the profile in view; "" where there is none that could be used."""
        sampling = self.settings.writing
        prepared = [
            response_request(q.character, q.text, self.writing[q.character.lang], self.engine, sampling)
            for q in queries
        ]
        self.seen["profiles cut"] += sum(n for _, n in prepared)
        references = []
        for query, reply in zip(queries, self._ask([r for r, _ in prepared], "answers them"), strict=True):
            try:
                references.append(text_of(reply, query.character.lang))
            except Malformed as reason:
                self.reasons["unanswered"][str(reason)] += 1
                references.append("")
        return references

    def _checks(self, queries: Sequence[Query]) -> list[Result]:
        return self._ask([self._reads(query, "check", CHECK) for query in queries], "checks labels")

    def _check(self, role: Character, turn: int, question: Question, reply: Result) -> Check:
        rejects, reason, text = None, "", ""
        try:
            text = whole(reply)
            rejects = turned_down(text)
        except Malformed as malformed:
            reason = str(malformed)
        if rejects is None:
            self.reasons["unchecked"][reason] += 1
        else:
            self.seen["agreed" if rejects == question.reject else "doubted"] += 1
        return Check(character=role.id, lang=role.lang, turn=turn, rejects=rejects, reason=reason, transcript=text)

    def _reads(self, query: Query, task: str, schema: Mapping[str, Any]) -> Request:
        prompts = self.checking[query.character.lang]
        request, cuts = reads(query, task, schema, prompts, self.engine, self.settings.reading)
        self.seen["profiles cut"] += cuts
        return request

    def _ask(self, requests: Sequence[Request], what: str) -> list[Result]:
        return ask(self.engine, requests, self.journal, self.tally, f"{self.name} {what}".strip())


def _question(query: Query, evidence: tuple[Claim, ...], reference: str) -> Question:
    return Question(query=query.text, reject=query.kind == "contrastive", evidence=evidence, reference=reference)


def _candidates(role: Character, roles: Sequence[Character], seed: int) -> tuple[Character, ...]:
    """The role among those most like it, each introduced by a summary in place of its article."""
    alike = comparable(role, [c for c in roles if c.lang == role.lang and c.id != role.id])
    chosen = candidates(role, alike[: N_CANDIDATES - 1], Random(f"{seed}/{role.lang}/{role.id}"))
    return tuple(replace(c, summary=introduction(c), article="") for c in chosen)
