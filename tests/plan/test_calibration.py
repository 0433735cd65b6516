"""What earlier stages teach a plan, on a recorded study."""

from pathlib import Path
from typing import Final

import pytest

from ditto.models import Model
from ditto.plan import calibration
from ditto.plan.hardware import Hardware
from ditto.plan.manifests import Taken, taken
from ditto.plan.shape import Shape, shape
from ditto.plan.speed import Served
from ditto.plan.step import Asked, Step, Tuned
from tests.plan.recorded import MODELS, laid_out, manifests

CPU: Final = Hardware(device="cpu", count=1, memory=16, tflops=0.05, bandwidth=10, layer=2000)
SERVED: Final = Served(engine="transformers", rows=64)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Taken]:
    return taken(laid_out(tmp_path_factory.mktemp("root"), manifests()))


@pytest.fixture(scope="module")
def shapes() -> dict[str, Shape]:
    each = [Model(name=name, path=f"embedded:{name}", dtype="float32", max_length=512) for name in MODELS]
    return {model.identity: shape(model, on_cpu=True) for model in each}


def as_step(one: Taken, shapes: dict[str, Shape]) -> Step:
    """The step that a perfect forecast of the counts would have been."""
    n = shapes[one.model].parameters
    tuned = Tuned(
        model=one.model, sessions=320, tokens=88_000, parts=20, ranks=1, flop_per_token=6 * n, recompute=False
    )
    asked = tuple(Asked(work=work, model=one.model, served=SERVED) for work in one.works)
    done = {"stage": one.stage, "label": one.label, "key": one.key, "cached": False}
    return Step(**done, asked=asked, tuned=tuned if one.stage == "tune" else None)  # type: ignore[arg-type]


def predicted(known: list[Taken], wanted: list[Taken], shapes: dict[str, Shape]) -> float:
    steps = [as_step(one, shapes) for one in wanted]
    ratios = calibration.seconds(known, steps, shapes, CPU)
    return sum(
        calibration.unscaled(s, shapes, CPU) * ratios.of(s.stage, s.kind, one.model)
        for s, one in zip(steps, wanted, strict=True)
    )


def test_every_stage_that_asks_or_tunes_is_read_with_its_counts(found: list[Taken]) -> None:
    by_stage = {stage: [one for one in found if one.stage == stage] for stage in ("simulate", "tune", "answer")}
    assert {stage: len(each) for stage, each in by_stage.items()} == {"simulate": 2, "tune": 4, "answer": 8}
    assert sum(one.requests for one in found) == 864 + 862 + 8 * 480
    assert all(sum(w.requests for w in one.works) == one.requests for one in found)
    assert {one.sessions for one in by_stage["tune"]} == {320}
    assert all(one.works[0].together == (480 if "supervision" in one.label else 80) for one in by_stage["answer"])


def test_models_of_all_stages_are_known_by_their_identity(found: list[Taken], shapes: dict[str, Shape]) -> None:
    assert {one.model for one in found} == set(shapes)


def test_what_calibrates_a_stage_predicts_it(found: list[Taken], shapes: dict[str, Shape]) -> None:
    measured = sum(one.seconds for one in found)
    assert predicted(found, found, shapes) == pytest.approx(measured)


@pytest.mark.parametrize("first", [0, 1])
def test_every_other_stage_of_the_recorded_matrix_predicts_the_rest(
    found: list[Taken], shapes: dict[str, Shape], first: int
) -> None:
    """Within 30% of what was measured."""
    known, wanted = found[first::2], found[1 - first :: 2]
    assert predicted(known, wanted, shapes) == pytest.approx(sum(one.seconds for one in wanted), rel=0.3)


def test_replies_are_expected_as_long_as_earlier_ones_were(found: list[Taken]) -> None:
    answers = [one for one in found if one.stage == "answer"]
    scale = calibration.replies(found).of("answer", "answer", answers[0].model)
    mean = sum(one.reply for one in answers) / sum(one.requests for one in answers)
    assert scale * 20 == pytest.approx(mean, rel=0.02)


def test_nothing_measured_leaves_the_formulas_alone() -> None:
    assert calibration.replies([]).of("answer", "answer base", "x") == 1
    assert calibration.scaled(calibration.replies([]), "answer", "answer", "x").scale == 1


def test_a_manifest_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    root = laid_out(tmp_path, manifests()[:3])
    n = len(taken(root))
    next(root.glob("*/*/manifest.json")).write_text("{", "utf-8")
    assert len(taken(root)) == n - 1
