"""Planting as a stage: what it stores, what its key follows, and labels by people beside it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from ditto.errors import ConfigError, DataError
from ditto.records import Answer, read_jsonl
from ditto.stages import benchmark, characters, plant
from ditto.store import Store
from tests.stages.conftest import composed

SMALL = ("characters.n_train=2", "characters.n_test=4", "benchmark.specific=1", "benchmark.contrastive=1")


def run(root: Path, *words: str) -> plant.Loaded:
    cfg, store = composed(root, *SMALL, *words), Store(root)
    return plant.run(cfg, store, benchmark.run(cfg, store, characters.run(cfg, store)))


def labels(folder: Path, **changed: object) -> Path:
    path = folder / "labels.jsonl"
    row = {"character": "nano-0000", "lang": "en", "turn": 0, "text": "Aye.", "verdicts": {"identity": 1}} | changed
    path.write_text(json.dumps(row) + "\n", "utf-8")
    return path


def test_answers_and_sessions_fit_each_other_and_are_counted(tmp_path: Path) -> None:
    made = run(tmp_path)
    answers = read_jsonl(made.artifact.path / "answers.jsonl", Answer)
    assert answers == [one.answer for one in made.planted]
    of = {(s.character.id, s.character.lang): s for s in made.tests.sessions}
    asked = [of[one.answer.character, one.answer.lang].questions[one.answer.turn] for one in made.planted]
    assert [q.reject for q in asked] == [one.reject for one in made.planted]
    assert made.artifact.counts["answers"] == len(answers)
    assert made.artifact.counts["kinds"] == Counter(one.kind for one in made.planted)


def test_the_seed_and_the_labels_are_part_of_the_key(tmp_path: Path) -> None:
    keys = {run(tmp_path).artifact.key, run(tmp_path, "validate.seed=1").artifact.key}
    file = labels(tmp_path)
    keys.add(run(tmp_path, f"validate.labels={file}").artifact.key)
    labels(tmp_path, text="Nay.")
    keys.add(run(tmp_path, f"validate.labels={file}").artifact.key)
    assert len(keys) == 4
    assert run(tmp_path).artifact.cached


def test_labels_by_people_are_planted_too(tmp_path: Path) -> None:
    made = run(tmp_path, f"validate.labels={labels(tmp_path)}")
    [human] = [one for one in made.planted if one.kind == "human"]
    assert (human.answer.text, human.truth) == ("Aye.", {"identity": 1})
    assert made.artifact.counts["kinds"]["human"] == 1
    theirs = [one.answer.turn for one in made.planted if (one.answer.character, one.answer.lang) == ("nano-0000", "en")]
    assert theirs == list(range(len(theirs)))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"turn": 9}, "label 1 is about turn 9 of nano-0000"),
        ({"verdicts": {"identity": 5}}, "identity=5.0: it must be"),
    ],
)
def test_a_bad_label_is_one_sentence(tmp_path: Path, changed: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        run(tmp_path, f"validate.labels={labels(tmp_path, **changed)}")


OWN = (
    *("validate.own=true", "+judge@validate.truth=oracle", "judge=llm", "model@judge.model=nano_xs"),
    *("judge.votes=1", "judge.temperature=0"),
)


def test_what_the_judge_answers_itself_is_planted_with_what_it_is_worth(tmp_path: Path) -> None:
    made = run(tmp_path, *OWN)
    own = [one for one in made.planted if one.kind == "own answer"]
    assert len(own) == made.artifact.counts["kinds"]["own answer"] == 16
    assert {metric for one in own for metric in one.truth} == {"identity", "knowledge", "rejection"}
    assert len({one.truth["rejection"] for one in own}) == 2, "nano_xs turns down some of what it should"
    assert run(tmp_path, *OWN).artifact.cached


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["judge=oracle", "+judge@validate.truth=oracle"], "asks the judge for answers: use judge=llm"),
        (["judge=llm"], r"needs a judge that knows the truth: judge@validate\.truth=oracle"),
    ],
)
def test_own_answers_need_a_model_and_the_truth(tmp_path: Path, words: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        plant.check_plant(composed(tmp_path, "validate.own=true", *words))


def test_labels_that_are_not_there_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"validate\.labels=\S*none\.jsonl cannot be read: No such file"):
        run(tmp_path, f"validate.labels={tmp_path / 'none.jsonl'}")


def test_a_benchmark_without_references_has_nothing_to_plant(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no reference answers to plant"):
        run(tmp_path, "benchmark=claims")
