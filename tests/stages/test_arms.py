"""Studies of one launch that differ in `study.arm` are reported by arm, and together."""

import csv
import json
from pathlib import Path

import pytest

from ditto import study
from ditto.run import CONF
from ditto.stages import arms, report
from tests.commands import CELL, ditto, matrix
from tests.studies import Made, config, role, session


def made(root: Path, *overrides: str) -> Path:
    sessions = [session(role(n)) for n in range(4)]
    return Made(config(root, "study.name=amount", *overrides), ["one"], sessions).save()


def arm(root: Path, n: int) -> Path:
    return made(root, f"characters.n_train={n}", "study.arm=${characters.n_train}")


def test_the_arms_of_a_launch_make_one_table(tmp_path: Path) -> None:
    folders = [arm(tmp_path, 32), arm(tmp_path, 16)]
    assert arms.varied(folders)
    assert list(arms.names("amount", folders).values()) == ["amount-32", "amount-16"]
    folder = arms.run(config(tmp_path, "study.name=amount"), folders)
    assert folder == tmp_path / "report" / "amount"
    rows = list(csv.DictReader((folder / "matrix.csv").read_text("utf-8").splitlines()))
    assert list(dict.fromkeys(row["arm"] for row in rows)) == ["32", "16"]
    apart = list(csv.DictReader((folder / "differences.csv").read_text("utf-8").splitlines()))
    assert {(row["arm"], row["against"], float(row["value"])) for row in apart} == {("16", "32", 0.0)}


def test_arms_that_lack_a_cell_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cfg = config(tmp_path, "study.name=amount", "study.arm=whole")
    sessions = [session(role(n)) for n in range(4)]
    whole = Made(cfg, ["one", "two"], sessions).save()
    arms.run(config(tmp_path, "study.name=amount"), [whole, arm(tmp_path, 16)])
    assert caplog.messages == ["The arm 16 lacks one on two, two on one, two on two: it is compared without."]


def test_a_single_studys_report_in_the_folder_of_the_arms_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cfg, folders = config(tmp_path, "study.name=amount"), [arm(tmp_path, 32), arm(tmp_path, 16)]
    report.run(cfg, folders[0], "amount")
    folder = arms.run(cfg, folders)
    assert f"holds the report of {folders[0].name}, which has other settings" in caplog.text
    assert sorted(f.name for f in folder.iterdir()) == ["differences.csv", "matrix.csv", "report.json"]
    found = json.loads((folder / "report.json").read_text("utf-8"))
    assert found["arms"] == {"32": folders[0].name, "16": folders[1].name}


def test_an_experiment_ends_in_the_table_of_its_arms(tmp_path: Path) -> None:
    log = ditto(tmp_path, "+experiment=kinds", *CELL, "simulate.kinds=[specific],[contrastive]").stderr
    assert log.splitlines()[-1].endswith(str(tmp_path / "report" / "kinds"))
    rows = matrix(tmp_path, "kinds").splitlines()
    for arm in ("specific", "contrastive"):
        alone = matrix(tmp_path, f"kinds-{arm}").splitlines()
        assert [row for row in rows if row.endswith(f",{arm}")] == [f"{line},{arm}" for line in alone[1:]]
    assert (tmp_path / "report" / "kinds" / "arms.png").exists()


def test_studies_that_vary_nothing_are_named_as_before(tmp_path: Path) -> None:
    one, other = made(tmp_path), made(tmp_path, "tuning.steps=7")
    assert not arms.varied([one, other])
    assert arms.names("amount", [one]) == {one: "amount"}
    assert arms.names("amount", [one, other]) == {one: one.name, other: other.name}


def test_a_single_arm_and_studies_of_one_arm_with_other_settings_are_no_ablation(tmp_path: Path) -> None:
    one = arm(tmp_path, 32)
    other = made(tmp_path, "characters.n_train=32", "study.arm=${characters.n_train}", "tuning.steps=7")
    assert one != other
    assert not arms.varied([one])
    assert not arms.varied([one, other])
    assert not arms.varied([one, made(tmp_path)])


@pytest.mark.parametrize(
    ("value", "said"),
    [("null", ""), ("16", "16"), ("[en,zh]", "en+zh"), ("[]", "none"), ("nano_lora", "nano_lora")],
)
def test_an_arm_is_said_in_words(tmp_path: Path, value: str, said: str) -> None:
    assert study.arm(made(tmp_path, f"study.arm={value}")) == said


def test_a_name_that_is_no_folders_name_becomes_one(tmp_path: Path) -> None:
    folders = [made(tmp_path, f"tuning.steps={n}", f"study.arm=a/{n}") for n in (1, 2)]
    assert list(arms.names("amount", folders).values()) == ["amount-a_1", "amount-a_2"]


def test_the_arm_is_no_part_of_what_a_study_is(tmp_path: Path) -> None:
    assert study.key(config(tmp_path, "study.arm=x")) == study.key(config(tmp_path))


@pytest.mark.parametrize("file", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda f: f.stem)
def test_an_experiment_that_varies_a_value_sweeps_over_it(file: Path) -> None:
    text = file.read_text("utf-8")
    if "arm:" in text:
        varied = text.partition("arm: ${")[2].partition("}")[0].removeprefix("hydra:runtime.choices.")
        assert f"      {varied}: " in text
        assert f"+experiment={file.stem}" in text
