"""Values come out of the configuration checked, and what is wrong is named by its full key."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ditto.config import build, one_line, plain, register_resolvers, typed
from ditto.engines.base import Sampling
from ditto.errors import ConfigError
from ditto.simulate.settings import Simulation


@dataclass(frozen=True, slots=True)
class Knobs:
    """One of each kind of value."""

    rate: float
    steps: int = 1
    name: str = "x"
    on: bool = False
    sizes: tuple[int, ...] = ()
    words: Sequence[str] = ()
    seed: int | None = None
    inner: Sampling = field(default_factory=Sampling)


class Needy:
    """A library's class: takes an object that is no configuration, and is fussy."""

    def __init__(self, size: int, *, friend: object, names: object = ()) -> None:
        if size < 1:
            raise ConfigError(f"size={size} is too small.")
        self.size, self.friend, self.names = size, friend, names


def node(values: dict[str, Any], key: str = "knobs") -> DictConfig:
    found = OmegaConf.create({key: values})[key]
    assert isinstance(found, DictConfig)
    return found


def test_values_become_the_dataclass() -> None:
    knobs = typed(
        node({"rate": 1, "sizes": [1, 2], "words": ["a"], "seed": None, "inner": {"temperature": 1, "n": 2}}), Knobs
    )
    assert knobs == Knobs(rate=1.0, sizes=(1, 2), words=["a"], inner=Sampling(temperature=1.0, n=2))
    assert isinstance(knobs.sizes, tuple)
    assert isinstance(knobs.rate, float)


@pytest.mark.parametrize(
    ("values", "key", "value"),
    [
        ({"rate": "fast"}, "knobs.rate", "'fast'"),
        ({"rate": None}, "knobs.rate", "None"),
        ({"rate": 1, "steps": 1.5}, "knobs.steps", "1.5"),
        ({"rate": 1, "on": "perhaps"}, "knobs.on", "'perhaps'"),
        ({"rate": 1, "name": 3}, "knobs.name", "3"),
        ({"rate": 1, "sizes": 3}, "knobs.sizes", "3"),
        ({"rate": 1, "sizes": [1, "two"]}, "knobs.sizes.1", "'two'"),
        ({"rate": 1, "inner": {"n": "many"}}, "knobs.inner.n", "'many'"),
    ],
)
def test_a_value_of_another_type_is_named(values: dict[str, Any], key: str, value: str) -> None:
    with pytest.raises(ConfigError) as error:
        typed(node(values), Knobs)
    assert str(error.value).startswith(f"{key}={value} ")
    assert "\n" not in str(error.value)


def test_an_unknown_key_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"^knobs\.step is unknown.*'steps'"):
        typed(node({"rate": 1, "step": 2}), Knobs)


def test_an_unknown_key_inside_another_is_named() -> None:
    with pytest.raises(ConfigError, match=r"simulate\.query\.temprature"):
        typed(node({"query": {"temprature": 1.0}, "response": {}}, "simulate"), Simulation)


def test_a_mandatory_value_is_asked_for_with_the_words_to_type() -> None:
    with pytest.raises(ConfigError, match=r"add knobs\.rate=<value>"):
        typed(node({"rate": "???"}), Knobs)


def test_a_mandatory_value_never_comes_through_as_question_marks() -> None:
    with pytest.raises(ConfigError, match=r"rate has no value"):
        plain(node({"rate": "???"}))


def test_a_key_left_out_is_named_alone() -> None:
    with pytest.raises(ConfigError, match=r"knobs\.rate") as error:
        typed(node({"steps": 7}), Knobs)
    assert "steps" not in str(error.value)


def test_an_interpolation_that_leads_nowhere_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere") as error:
        typed(node({"rate": "${nowhere}"}), Knobs)
    assert "\n" not in str(error.value)


def test_what_the_dataclass_refuses_passes_in_its_own_words() -> None:
    with pytest.raises(ConfigError, match=r"^sampling\.top_p=2"):
        typed(node({"rate": 1, "inner": {"top_p": 2}}), Knobs)


def test_a_dataclass_of_ours_is_built_with_its_types_checked() -> None:
    target = {"_target_": "ditto.engines.base.Sampling"}
    assert build(node(target | {"max_tokens": 7})) == Sampling(max_tokens=7)
    with pytest.raises(ConfigError, match=r"^answer\.max_tokens='long'"):
        build(node(target | {"max_tokens": "long"}, "answer"))


def test_a_class_of_a_library_is_built() -> None:
    assert build(node({"_target_": "datetime.timedelta", "hours": 2})) == timedelta(hours=2)


def test_an_object_handed_over_stays_what_it_is() -> None:
    friend = Counter("aab")
    needy = build(node({"_target_": f"{__name__}.Needy", "size": 2, "names": ["a", {"b": [1]}]}), friend=friend)
    assert needy.friend is friend
    assert (needy.size, needy.names) == (2, ["a", {"b": [1]}])
    assert type(needy.names) is list


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"_target_": "datetime.timedelta", "hour": 2}, "datetime.timedelta cannot be built: .*'hour'"),
        ({"_target_": "datetime.timedelta", "hours": "two"}, "datetime.timedelta cannot be built: .*str"),
        ({"_target_": f"{__name__}.Needy", "size": 0, "friend": None}, "^size=0 is too small.$"),
        (
            {
                "_target_": f"{__name__}.Needy",
                "size": 1,
                "friend": {"_target_": f"{__name__}.Needy", "size": 0, "friend": 1},
            },
            "^size=0 is too small.$",
        ),
        ({"_target_": f"{__name__}.Needy", "size": "???", "friend": None}, "cannot be built: .*'size'"),
    ],
)
def test_a_class_that_cannot_be_built_is_told_in_one_line(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        build(node(values))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("target", ["ditto.no_such.Thing", "datetime.Timedelta", "datetime.MAXYEAR", "nodots"])
def test_a_target_that_is_no_class_is_named(target: str) -> None:
    with pytest.raises(ConfigError, match=target):
        build(node({"_target_": target}))


def test_plain_values_are_resolved_copies() -> None:
    cfg = OmegaConf.create({"size": 3, "part": {"sizes": ["${size}", 4], "name": "n${size}"}})
    values = plain(cfg.part)
    assert values == {"sizes": [3, 4], "name": "n3"}
    assert type(values["sizes"]) is list


def test_one_line_makes_a_sentence_of_any_error() -> None:
    assert one_line(ValueError("first\n  second.\n")) == "first second."
    assert one_line(ValueError()) == "ValueError."
    assert one_line(ValueError("no such file\nConfig search path:\n  here")) == "no such file."
    cfg = OmegaConf.create({"a": {"b": "${c}"}})
    with pytest.raises(OmegaConfBaseException) as error:
        OmegaConf.to_container(cfg, resolve=True)
    assert "\n" not in one_line(error.value)
    assert "object_type" not in one_line(error.value)


def test_the_resolvers_name_a_path_and_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    register_resolvers()
    register_resolvers()
    cfg = OmegaConf.create({"path": "someone/model-1.5b", "name": "${basename:${.path}}", "run": "${run_id:}"})
    monkeypatch.delenv("DITTO_RUN_ID", raising=False)
    assert (cfg.name, cfg.run) == ("model-1.5b", "run")
    monkeypatch.setenv("DITTO_RUN_ID", "20261101-7")
    cfg.path = str(Path("models") / "tiny")
    assert (cfg.name, cfg.run) == ("tiny", "20261101-7")
