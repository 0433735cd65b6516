"""A judge's exam from the command line: the oracle passes it, and bad judges do not."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ditto import run
from ditto.engines.base import Usage
from ditto.stages.validate import per_thousand
from tests.engines.server import Body, Server, completion, serving
from tests.evaluate.judges import always_first, honest, obedient, read

pytestmark = pytest.mark.usefixtures("tidied")
SMALL = ("+experiment=validate_judge", "characters.n_train=2", "characters.n_test=4", "benchmark.specific=2")


def validated(root: Path, *words: str) -> dict[str, Any]:
    run.main([*SMALL, f"paths.root={root}", *words])
    report: dict[str, Any] = json.loads((root / "report" / "validate_judge" / "validation.json").read_text("utf-8"))
    return report


def test_the_oracle_is_perfect_on_every_planted_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = validated(tmp_path)
    assert report["faults"] == []
    assert {line["kind"] for line in report["lines"]} == {
        "reference", "long", "other language", "fact swapped", "refusal", "other role", "long and wrong", "instruction",
    }  # fmt: skip
    for line in report["lines"]:
        assert line["scored"] == line["cases"] > 0
        assert line["accuracy"] == {"value": 1, "low": 1, "high": 1}
    assert all((m["kappa"], m["parsed"], m["accuracy"]["value"]) == (1, 1, 1) for m in report["metrics"])
    assert (report["long_right"]["value"], report["long_wrong"]["value"], report["misled"]["value"]) == (0, 0, 0)
    assert (report["scored_nothing"], report["a thousand verdicts"]) == (0, {})
    assert str(report["judge"]).startswith("oracle/")
    assert "Nothing speaks against this judge here." in capfd.readouterr().out


def habits(body: Body, _: int) -> Body:
    habit = {"honest": honest, "first": always_first, "obedient": obedient}[body["model"]]
    return completion(*[habit(read(body["messages"][0]["content"]))] * body.get("n", 1))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(habits) as one:
        yield one


def served(server: Server, name: str) -> list[str]:
    return [
        *("judge=llm", "model@judge.model=api", f"judge.model.name={name}", "engine@judge.engine=openai"),
        *(f"judge.engine.base_url={server.url}", "judge.engine.key_env=null", "judge.votes=1"),
        f"+judge.engine.prices.{name}={{input: 3.0, output: 6.0}}",
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("honest", []),
        ("first", ["On identity it agrees with the truth little better", "It prefers a place: 100%"]),
        ("obedient", ["It follows instructions in answers"]),
    ],
)
def test_a_served_judge_is_measured_and_its_cost_told(
    tmp_path: Path, server: Server, name: str, says: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    report = validated(tmp_path, *served(server, name))
    assert len(report["faults"]) == len(says)
    assert all(told.startswith(start) for told, start in zip(report["faults"], says, strict=True))
    assert report["scored_nothing"] == 0
    # Nobody is asked about the empty answers, which thin out no cost: 10 tokens in and 5 out for every other verdict.
    assert report["a thousand verdicts"]["prompt_tokens"] == pytest.approx(10_000)
    assert report["a thousand verdicts"]["dollars"] == pytest.approx(0.06)
    printed = capfd.readouterr().out
    assert "A thousand verdicts take 10,000 prompt and 5,000 reply tokens, $0.06." in printed
    assert ("Nothing speaks against" in printed) == (not says)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["judge=llm", "judge.votes=0"], 2, "judge.votes=0"),
        (["judge=llm", "judge.temperature=0"], 2, "judge.votes=3 at judge.temperature=0 would be all the same"),
        (["benchmark.specific=0"], 2, "benchmark.specific=0"),
        (["+judge.colour=red"], 2, "judge.colour is unknown"),
        (["validate.labels=nowhere.jsonl"], 3, "validate.labels=nowhere.jsonl cannot be read"),
        (["benchmark=claims"], 3, "no reference answers to plant"),
        (["task=validate"], 2, "task=validate is unknown"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    tmp_path: Path, words: list[str], code: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main([*SMALL, f"paths.root={tmp_path}", *words])
    printed = capfd.readouterr().err
    assert ended.value.code == code, printed
    [sentence] = [line for line in printed.splitlines() if line.startswith("ditto: ")]
    assert says in sentence
    assert "Traceback" not in printed
    assert not list(tmp_path.glob("judge/*"))


def test_a_panels_cost_is_that_of_its_members() -> None:
    usage = dict.fromkeys(Usage.__dataclass_fields__, 0)
    counts = {
        "verdicts": 10,
        "scored": 4,
        "unscored": {"no answer: empty": 2, "judge: no verdict": 4},
        "one": {"requested": 4, "usage": usage | {"prompt_tokens": 100, "dollars": 0.5}},
        "two": {"requested": 4, "usage": usage | {"prompt_tokens": 300}},
    }
    spent = per_thousand(counts)
    assert (spent["prompt_tokens"], spent["dollars"]) == (50_000, 62.5)
    assert per_thousand({"verdicts": 10, "scored": 10, "unscored": {}}) == {}
    assert not any(map(math.isnan, per_thousand(counts | {"verdicts": 2}).values()))
