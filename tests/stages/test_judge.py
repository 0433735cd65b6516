"""Judging as a stage: models on a loopback server, alone and in a panel, what is stored of it, and what is refused."""

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ditto.errors import ConfigError, DittoError
from ditto.models import Model
from ditto.prompts import FOLDER
from ditto.records import Session, Verdict, read_jsonl, write_jsonl
from ditto.stages import benchmark, cell, judge
from ditto.stages.check import check
from ditto.store import Artifact, Store
from tests.engines.server import Body, Server, completion, serving
from tests.evaluate.judges import FENCE, always_first, honest, read, references, reply, sessions
from tests.stages.conftest import composed

KEY = "sk-a-secret-that-nobody-may-see"
ASKED = sessions(4, ["en"], specific=1)


def replies(body: Body, _: int) -> Body:
    """Honest, but for the model named `first`."""
    habit = always_first if body["model"] == "first" else honest
    text = habit(read(body["messages"][0]["content"]))
    return completion(*[text] * body.get("n", 1))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("TEST_KEY", KEY)
    with serving(replies) as one:
        yield one


def served(server: Server, name: str = "gpt", node: str = "judge") -> list[str]:
    """The words that make a model on the server a judge."""
    return [
        f"model@{node}.model=api",
        f"{node}.model.name={name}",
        f"engine@{node}.engine=openai",
        f"{node}.engine.base_url={server.url}",
        f"{node}.engine.key_env=TEST_KEY",
        f"{node}.engine.pause=0.01",
    ]


def panel(server: Server) -> list[str]:
    return [
        "judge=panel",
        *served(server, "gpt", "judge.members.one"),
        *served(server, "first", "judge.members.two"),
        "judge.members.two.votes=2",
    ]


def run(root: Path, *words: str, asked: Sequence[Session] = ASKED, model: Model | None = None) -> Artifact:
    """Good answers to `asked`, judged."""
    folder = root / "answers"
    folder.mkdir(exist_ok=True)
    write_jsonl(folder / "answers.jsonl", references(asked))
    answered = Artifact(folder, "answers", {}, cached=False)
    tests = benchmark.Loaded(answered, list(asked))
    return judge.run(composed(root, *words), Store(root), tests, answered, "base", model)


def verdicts_of(made: Artifact) -> list[Verdict]:
    return read_jsonl(made.path / "verdicts.jsonl", Verdict)


def asked_for(asked: Sequence[Session] = ASKED, votes: int = 3) -> int:
    return votes * sum(2 + bool(q.evidence) for s in asked for q in s.questions)


def test_a_model_on_a_server_judges_and_every_vote_is_accounted_for(tmp_path: Path, server: Server) -> None:
    made = run(tmp_path, "judge=llm", *served(server))
    verdicts = verdicts_of(made)
    assert len(verdicts) == asked_for()
    assert {(v.metric, v.value) for v in verdicts} == {("identity", 1), ("knowledge", 10), ("rejection", 1)}
    assert made.counts["verdicts"] == made.counts["scored"] == made.counts["requested"] == made.counts["done"]
    assert (made.counts["unscored"], made.counts["failed"]) == ({}, {})
    assert made.counts["usage"]["prompt_tokens"] == 10 * len(server.bodies)
    assert (made.path / "journal.jsonl").exists()
    assert {body["model"] for body in server.bodies} == {"gpt"}
    assert {body["temperature"] for body in server.bodies} == {0.2}
    for body in server.bodies:
        key = {"identity": "choice", "knowledge": "score", "rejection": "refuses"}
        metric = read(body["messages"][0]["content"]).metric
        assert key[metric] in body["response_format"]["json_schema"]["schema"]["required"]


def test_the_same_judge_asks_nothing_twice_and_another_one_does(tmp_path: Path, server: Server) -> None:
    made = run(tmp_path, "judge=llm", *served(server))
    asked, keys = len(server.bodies), {made.key}
    again = run(tmp_path, "judge=llm", *served(server), "judge.engine.concurrency=2")
    assert (again.cached, again.key, len(server.bodies)) == (True, made.key, asked)
    for word in ("judge.votes=1", "judge.mask=false", "+judge.engine.more.top_k=1"):
        keys.add(run(tmp_path, "judge=llm", *served(server), word).key)
    assert len(keys) == 4


def test_a_faithful_judge_sees_names_and_one_order(tmp_path: Path, server: Server) -> None:
    with_names = [
        replace(s, questions=tuple(replace(q, query=f"{s.character.label}, {q.query}") for q in s.questions))
        for s in ASKED
    ]
    made = run(tmp_path, "judge=faithful", *served(server), asked=with_names)
    assert len(verdicts_of(made)) == asked_for()
    labels = {tuple(c.label for c in s.candidates) for s in ASKED}
    shown = [read(body["messages"][0]["content"]) for body in server.bodies]
    identity = [one for one in shown if one.metric == "identity"]
    assert {tuple(who.partition(":")[0] for who in one.given) for one in identity} == labels
    assert not any("____" in one.query for one in shown)
    # One order, one conversation: its votes are drawn together.
    assert len(identity) == sum(len(s.questions) for s in ASKED)


def test_a_panel_has_both_members_votes_under_their_names(tmp_path: Path, server: Server) -> None:
    made = run(tmp_path, *panel(server))
    verdicts = verdicts_of(made)
    for name, votes in (("one", 3), ("two", 2)):
        theirs = [v for v in verdicts if v.judge == name]
        assert len(theirs) == made.counts[name]["requested"] == made.counts[name]["done"] == asked_for(votes=votes)
        assert made.counts[name]["usage"]["completion_tokens"] > 0
        assert (made.path / f"journal-{name}.jsonl").exists()
    assert made.counts["verdicts"] == len(verdicts) == asked_for(votes=5)
    shares = {
        name: [v.value for v in verdicts if v.judge == name and v.metric == "identity"] for name in ("one", "two")
    }
    assert set(shares["one"]) == {1.0}
    assert set(shares["two"]) == {0.0, 1.0}
    assert {body["model"] for body in server.bodies} == {"gpt", "first"}


def test_a_servers_failures_are_unscored_and_lose_nothing(tmp_path: Path, server: Server) -> None:
    def unread(body: Body, times: int) -> Body:
        shown = read(body["messages"][0]["content"])
        return completion(*["hm"] * body.get("n", 1)) if shown.metric == "knowledge" else replies(body, times)

    server.behaviour = unread
    made = run(tmp_path, "judge=llm", *served(server))
    lost = 3 * sum(bool(q.evidence) for s in ASKED for q in s.questions)
    assert made.counts["unscored"] == {"judge: no verdict": lost}
    assert made.counts["scored"] + lost == made.counts["verdicts"] == asked_for()
    assert made.counts["requested"] == made.counts["done"] == asked_for() + lost


def test_a_judge_of_its_own_answers_is_warned_about_once(
    tmp_path: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = (Model(name="x", path=f"api:{name}", max_length=32768) for name in ("gpt", "somebody"))

    def warned(*words: str, model: Model) -> list[str]:
        caplog.clear()
        with caplog.at_level(logging.WARNING, "ditto.stages.judge"):
            run(tmp_path, *words, model=model)
        return [record.getMessage() for record in caplog.records if record.name == "ditto.stages.judge"]

    told = ["x judges its own answers, and models prefer what they would have said."]
    assert warned("judge=llm", *served(server), model=own) == told
    assert warned(*panel(server), model=own) == told
    assert warned("judge=llm", *served(server), model=other) == []
    assert warned("judge=oracle", model=own) == []


def test_the_key_is_in_no_file(tmp_path: Path, server: Server) -> None:
    run(tmp_path, "judge=llm", *served(server))
    run(tmp_path, *panel(server))
    assert server.keys == {f"Bearer {KEY}"}
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"manifest.json", "verdicts.jsonl", "journal.jsonl", "journal-one.jsonl"} <= {file.name for file in files}
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_a_language_without_prompts_is_judged_in_english(tmp_path: Path, server: Server) -> None:
    french = [replace(s, character=replace(s.character, lang="fr")) for s in ASKED]
    made = run(tmp_path, "judge=llm", *served(server), asked=french)
    assert {v.lang for v in verdicts_of(made)} == {"fr"}
    assert made.counts["scored"] == asked_for(french)
    assert all("Somebody plays" in body["messages"][0]["content"] for body in server.bodies)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one's own, with a language more."""
    folder = tmp_path / "mine"
    shutil.copytree(FOLDER / "judge", folder)
    shutil.copytree(folder / "en", folder / "fr")
    return folder


def test_a_pack_of_ones_own_is_used_and_is_part_of_the_key(tmp_path: Path, server: Server, pack: Path) -> None:
    french = [replace(s, character=replace(s.character, lang="fr")) for s in ASKED]
    words = ("judge=llm", *served(server), f"judge.prompts={pack}")
    keys = {run(tmp_path, *words, asked=french).key}
    text = (pack / "fr" / "rejection.txt").read_text("utf-8")
    (pack / "fr" / "rejection.txt").write_text("Bonjour. " + text, "utf-8")
    keys.add(run(tmp_path, *words, asked=french).key)
    assert len(keys) == 2
    assert any(body["messages"][0]["content"].startswith("Bonjour. ") for body in server.bodies)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_pack_with_a_slot_that_is_not_offered_is_refused(
    tmp_path: Path, server: Server, pack: Path, lang: str
) -> None:
    (pack / lang / "quality.txt").write_text("What of {evidence}?", "utf-8")
    node = composed(tmp_path, "judge=llm", *served(server), f"judge.prompts={pack}").judge
    with pytest.raises(ConfigError, match=rf"{lang}/quality\.txt uses the slot \{{evidence\}}"):
        judge.check_judge(node)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["judge.votes=0"], r"judge\.votes=0 and max_tokens=512 must be at least 1"),
        (["judge.max_tokens=0"], r"max_tokens=0 must be at least 1"),
        (["judge.votes=3", "judge.temperature=0"], r"judge\.votes=3 at judge\.temperature=0 would be all the same"),
        (["judge.votes=many"], r"judge\.votes='many' cannot be used"),
        (["judge.mask=perhaps"], r"judge\.mask='perhaps' cannot be used"),
        (["+judge.colour=red"], r"judge\.colour is unknown: judge has"),
        (["judge.prompts=none"], r"There is no prompt .*none/en/identity\.txt"),
        (["+judge.model.colour=red"], r"judge\.model\.colour is unknown"),
        (["+judge.engine.colour=red"], r"OpenAIEngine cannot be built: .*'colour'"),
        (["judge.engine.concurrency=0"], r"concurrency=0 cannot be meant"),
        (["judge.engine.key_env=NO_SUCH_KEY"], r"NO_SUCH_KEY"),
    ],
)
def test_a_judge_that_cannot_be_is_refused_before_anything_runs(
    tmp_path: Path, server: Server, words: list[str], says: str
) -> None:
    assert_refused(tmp_path, ["judge=llm", *served(server), *words], says)
    assert not server.bodies


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["+judge.votes=5"],
            r"judge\.votes is unknown: each member of a panel has its own, judge\.members\.<name>\.vot",
        ),
        (["judge.members.two.votes=0"], r"judge\.votes=0"),
        (["+judge.members.one.colour=red"], r"judge\.members\.one\.colour is unknown"),
    ],
)
def test_a_panel_that_cannot_be_is_refused(tmp_path: Path, server: Server, words: list[str], says: str) -> None:
    assert_refused(tmp_path, [*panel(server), *words], says)


@pytest.mark.parametrize("rules", ["oracle", "words"])
def test_rules_with_an_unknown_setting_are_refused(tmp_path: Path, rules: str) -> None:
    assert_refused(tmp_path, [f"judge={rules}", "+judge.colour=red"], r"judge\.colour is unknown")


def assert_refused(root: Path, words: list[str], says: str) -> None:
    with pytest.raises(DittoError, match=says) as error:
        check(composed(root, "model@seed=nano_xs", *words))
    assert "\n" not in str(error.value)
    assert not list(root.glob("[a-z]*"))


def test_rules_that_know_no_quality_are_refused_before_any_model_runs(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        json.dumps({"question_id": 1, "category": "roleplay", "turns": ["Be a knight.", "And now?"]}) + "\n"
    )
    cfg = composed(
        tmp_path / "root", "model@seed=nano_xs", "benchmark=mt_bench_roleplay", f"benchmark.path={file}", "judge=oracle"
    )
    with pytest.raises(ConfigError, match="The judge Oracle goes by rules and has none for quality: use judge=llm"):
        cell.run(cfg)
    assert {folder.name for folder in (tmp_path / "root").glob("[a-z]*")} == {"characters", "benchmark"}


def test_a_conversations_quality_is_judged_by_a_model(tmp_path: Path, server: Server) -> None:
    server.behaviour = lambda body, _: completion(*[reply(score=7)] * body.get("n", 1))
    talk = [replace(s, metrics=("quality",)) for s in ASKED[:2]]
    made = run(tmp_path, "judge=llm", *served(server), asked=talk)
    assert {(v.metric, v.value) for v in verdicts_of(made)} == {("quality", 7)}
    befores = [FENCE.findall(body["messages"][0]["content"])[0][1] for body in server.bodies]
    assert max(text.count("Assistant: ") for text in befores) == len(talk[0].questions) - 1
