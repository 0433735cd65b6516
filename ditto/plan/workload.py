"""How many requests and tokens the stages will take, counted from the records that they begin with.

Requests are counted over all of them; tokens are measured on the first `SAMPLE` and taken for the mean of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from ditto.engines.base import Measure, Sampling
from ditto.evaluate.benchmark import N_CANDIDATES
from ditto.evaluate.build import SAMPLES, Building
from ditto.evaluate.case import Case
from ditto.evaluate.llm import LLMJudge
from ditto.plan.replies import Replies
from ditto.plan.work import Work
from ditto.prompts import Prompts
from ditto.records import Answer, Character, Claim, Dialogue, Message, Question, Session, Split
from ditto.simulate.queries import pair, query_requests
from ditto.simulate.responses import brief, response_request
from ditto.simulate.settings import Simulation

SAMPLE: Final = 48
ARTICLE: Final = 4000
CLAIMS: Final = 20
FILLER: Final = "What was it that your father taught you on the morning before you left?"
Packs = Mapping[str, Prompts]


def simulated(
    train: Sequence[Character], packs: Packs, settings: Simulation, ruler: Measure, replies: Replies
) -> tuple[Work, Work]:
    """The queries and the responses: every pair gives its questions, and both of it answer them."""
    pairs, n = pair(settings.chosen(train), settings.seed), settings.query.n
    first, known = pairs[:SAMPLE], settings.known
    shown = [(known(a, "query"), known(b, "query")) for a, b in first]
    asked, _ = query_requests(shown, packs, ruler, settings.query, settings.n_queries)
    length = fmean([ruler.count_tokens(request.messages) for request in asked[::n]])
    written = replies.questions(settings.query, settings.n_queries)
    queries = Work(
        requests=len(pairs) * n,
        prompt=len(pairs) * n * length,
        reply=len(pairs) * n * written,
        fresh=len(pairs) * length,
        sent=len(pairs) * length,
        together=len(pairs) * n,
        max_tokens=settings.query.max_tokens,
    )
    question = question_tokens(written, settings.n_queries)
    answered = len(settings.kinds) * settings.n_queries * len(pairs)
    each = answered / max(1, len({(c.lang, c.id) for c, _ in pairs}))
    profile = fmean([_profile(known(c, "response"), packs, ruler, settings.response) for c, _ in first])
    responses = _under_profiles(
        answered,
        profile,
        question,
        each,
        replies.answer(settings.response),
        settings.response,
    )
    return queries, responses


def conversations(sessions: Sequence[Session], packs: Packs, sampling: Sampling, ruler: Measure, reply: float) -> Work:
    """Every session as one conversation: each turn's prompt holds those before it."""
    prompts, fresh = [], []
    for session in sessions[:SAMPLE]:
        told = brief(session.character, packs) if session.system is None else session.system
        talk: list[Message] = [{"role": "system", "content": told}] if told else []
        before = 0.0
        for turn, question in enumerate(session.questions):
            talk.append({"role": "user", "content": question.query})
            length = ruler.count_tokens(talk) + turn * reply
            prompts.append(length)
            fresh.append(length - before)
            before = length + reply
            talk.append({"role": "assistant", "content": ""})
    n = _turns(sessions)
    return Work(
        requests=n,
        prompt=n * fmean(prompts),
        reply=n * reply,
        fresh=n * fmean(fresh),
        sent=n * fmean(prompts),
        together=len(sessions),
        max_tokens=sampling.max_tokens,
    )


def under_profiles(sessions: Sequence[Session], packs: Packs, sampling: Sampling, ruler: Measure, reply: float) -> Work:
    """Every question by itself, the role's profile in view."""
    first, n = sessions[:SAMPLE], _turns(sessions)
    profile = fmean([_profile(s.character, packs, ruler, sampling) for s in first])
    question = fmean([_text(q.query, ruler) for s in first for q in s.questions])
    return _under_profiles(n, profile, question, n / len(sessions), reply, sampling)


def judged(sessions: Sequence[Session], judge: LLMJudge, ruler: Measure, answer: float, replies: Replies) -> Work:
    """Every vote on answers of `answer` tokens; none has to be asked for again."""
    cases = [_case(s, turn, "so " * round(answer)) for s in sessions for turn in range(len(s.questions))]
    voting, requests = judge.voting, sum(len(case.metrics) for case in cases) * judge.voting.votes
    lengths = [ruler.count_tokens(vote.request.messages) for case in cases[:SAMPLE] for vote in judge.votes(case)]
    prompt = requests * fmean(lengths)
    return Work(
        requests=requests,
        prompt=prompt,
        reply=requests * replies.verdict(voting.max_tokens),
        fresh=prompt / (1 if voting.shuffle else voting.votes),
        sent=prompt / voting.votes if not voting.shuffle else prompt,
        together=requests,
        max_tokens=voting.max_tokens,
    )


def drafted(
    test: Sequence[Character], packs: Packs, settings: Building, ruler: Measure, replies: Replies
) -> tuple[Work, ...]:
    """A test set that a model writes: queries, then evidence, a reference and a check under the role's profile."""
    samples = SAMPLES if settings.temperature else 1
    sampling = replace(settings.writing, n=samples)
    asked = max(settings.specific, settings.contrastive)
    simulation = Simulation(sampling, settings.writing, asked, settings.seed)
    queries, references = simulated(test, packs, simulation, ruler, replies)
    each = settings.specific + settings.contrastive
    kept = len(test) * each / max(1, references.requests)
    read = len(test) * (each + settings.specific) / max(1, references.requests)
    return queries, references.times(kept), references.times(read)


def written(test: Sequence[Character], settings: Building) -> list[Session]:
    """Sessions such as a draft will hold: as many questions, of a plausible length."""
    own = Question(query=FILLER, reject=False, evidence=(Claim(id="", property="fact", value=FILLER),))
    foreign = Question(query=FILLER, reject=True)
    questions = (own,) * settings.specific + (foreign,) * settings.contrastive
    return [Session(character=c, candidates=(c,) * N_CANDIDATES, questions=questions) for c in test]


def collected(n: int, n_test: int, languages: Sequence[str]) -> Split:
    """Characters such as a source will yield, `n` in each language, with claims, and articles of `ARTICLE` words."""
    article = " ".join(["Born in a town on the coast, the hero left it early."] * (ARTICLE // 12))
    made = [
        Character(
            id=f"{i}",
            lang=lang,
            label=f"Hero {i}",
            description="hero of a long story",
            claims=tuple(
                Claim(id=f"{i}/{k}", property=f"trait {k}", value=f"number {k} of {i}") for k in range(CLAIMS)
            ),
            article=article,
        )
        for lang in languages
        for i in range(n)
    ]
    return Split(train=tuple(c for c in made if int(c.id) >= n_test), test=tuple(c for c in made if int(c.id) < n_test))


def session_lengths(
    train: Sequence[Character], packs: Packs, settings: Simulation, ruler: Measure, replies: Replies, longest: int
) -> list[int]:
    """Tokens of the dialogues to be learnt from, where these are still to be written."""
    pairs = pair(settings.chosen(train), settings.seed)
    who = {(c.lang, c.id): c for two in pairs for c in two}
    first = list(who.values())[:SAMPLE]
    n_turns = round(len(settings.kinds) * settings.n_queries * len(pairs) / len(who))
    question = question_tokens(replies.questions(settings.query, settings.n_queries), settings.n_queries)
    each = question + replies.answer(settings.response)
    empty: list[Message] = [{"role": role, "content": ""} for _ in range(n_turns) for role in ("user", "assistant")]
    told = [ruler.count_tokens([{"role": "system", "content": brief(c, packs)}, *empty]) for c in first]
    return [min(longest, round(fmean(told) + n_turns * each))] * len(who)


def lengths_of(dialogues: Sequence[Dialogue], ruler: Measure, longest: int) -> list[int]:
    """Tokens of dialogues that are there; of the first `8 * SAMPLE`, repeated for the others."""
    first = [min(longest, ruler.count_tokens(d.messages)) for d in dialogues[: 8 * SAMPLE]]
    return [first[i % len(first)] for i in range(len(dialogues))]


def question_tokens(written: float, n: int) -> float:
    """One question out of a reply that lists `n` with their explanations."""
    return written / n / 2


def _under_profiles(n: int, profile: float, question: float, each: float, reply: float, sampling: Sampling) -> Work:
    """`n` requests, `each` of them under one profile, which is computed once where prefixes are reused."""
    prompt = n * (profile + question)
    return Work(
        requests=n,
        prompt=prompt,
        reply=n * reply,
        fresh=n * (profile / each + question),
        sent=prompt,
        together=n,
        max_tokens=sampling.max_tokens,
    )


def _profile(role: Character, packs: Packs, ruler: Measure, sampling: Sampling) -> int:
    request, _ = response_request(role, "", packs[role.lang], ruler, sampling)
    return ruler.count_tokens(request.messages)


def _text(text: str, ruler: Measure) -> int:
    """Tokens of a text, without what a template puts around it."""
    said, empty = ({"role": "user", "content": content} for content in (text, ""))
    return ruler.count_tokens([said]) - ruler.count_tokens([empty])  # type: ignore[list-item]


def _turns(sessions: Sequence[Session]) -> int:
    return sum(len(session.questions) for session in sessions)


def _case(session: Session, turn: int, text: str) -> Case:
    who = session.character
    answers = (Answer(character=who.id, lang=who.lang, turn=t, text=text) for t in range(turn + 1))
    return Case(session, tuple(answers))
