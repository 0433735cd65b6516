"""A plan asks once whether the hub is there, and goes on without it."""

from collections.abc import Iterator

import pytest
from huggingface_hub import constants

from ditto.errors import ModelError
from ditto.models import Model, load_config
from ditto.plan import hub

FAR = Model(name="far", path="Qwen/Qwen2.5-72B-Instruct")
SAYS = r"Qwen2.5-72B.*; give a folder that holds its config.json wherever this model is named: as seed.path=<folder>,"
NEAR = Model(name="near", path="embedded:nano_xs")


class Client:
    """The hub's own, whose host answers or does not."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, 0

    def head(self, url: str, timeout: float) -> None:
        self.asked += 1
        if self.error:
            raise self.error


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub._answers.cache_clear()
    yield
    hub._answers.cache_clear()


def answered(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> Client:
    client = Client(error)
    monkeypatch.setattr(hub, "get_session", lambda: client)
    return client


def test_a_hub_out_of_reach_is_asked_once_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    client = answered(monkeypatch, OSError("no such host"))
    for _ in range(2):
        with pytest.raises(ModelError, match=SAYS) as error, hub.at_once([NEAR, FAR]):
            load_config(FAR)
        assert "\n" not in str(error.value)
        assert not constants.HF_HUB_OFFLINE
    assert client.asked == 1
    assert "Retry" not in caplog.text + "".join(capfd.readouterr())


def test_models_that_lie_here_need_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    client = answered(monkeypatch, OSError("no such host"))
    with hub.at_once([NEAR, Model(name="api", path="api:gpt")]):
        assert load_config(NEAR).model_type
        assert not constants.HF_HUB_OFFLINE
    assert client.asked == 0


def test_a_hub_that_answers_is_asked_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    client = answered(monkeypatch, None)
    with hub.at_once([FAR]):
        assert not constants.HF_HUB_OFFLINE
    with pytest.raises(ModelError, match=r"^broken\.$"), hub.at_once([FAR]):
        raise ModelError("broken.")
    assert client.asked == 1
