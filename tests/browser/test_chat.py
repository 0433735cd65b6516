"""The page of `python -m ditto.chat` in a browser: two models side by side, by mouse and by keyboard."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from ditto.chat import saved, server
from ditto.chat.server import Server
from ditto.chat.talk import Talk, Turn
from ditto.engines.base import Completion, Failure, Request
from ditto.engines.scripted import ScriptedEngine
from tests.chat.people import CAST, MIRA, SAMPLED, speaker, talk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'> \u202egnp.exe \x1b[31m"


@contextmanager
def served(*talks: Talk) -> Iterator[str]:
    with Server(talks, CAST, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def at(browser: "Browser", url: str, **context: object) -> Iterator["Page"]:
    """The page in a browser, which must ask nobody else for anything and report no error at the end."""
    with browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context}) as opened:  # type: ignore[arg-type]
        page, said, asked = opened.new_page(), list[str](), set[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.add(request.url.split("/api")[0].rstrip("/")))
        page.goto(url)
        page.wait_for_selector("section")
        yield page
        assert [text for text in said if "400" not in text] == []  # a refused role is told on the page
        assert {one for one in asked if not one.startswith(("data:", "blob:"))} == {url.rstrip("/")}


def say(page: "Page", text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_selector("#send:enabled")


def heard(page: "Page") -> list[list[str]]:
    """What each model has said."""
    return [side.locator(".theirs .said").all_inner_texts() for side in page.locator("section").all()]


def test_two_models_answer_the_same_message(browser: "Browser", tmp_path: Path) -> None:
    second = talk(lambda r: f"No {len(r.messages)}", "nano_m@nano_l")
    with served(talk(), second) as url, at(browser, url) as page:
        assert page.locator("h2").all_inner_texts() == ["parrot", "nano_m@nano_l"]
        assert page.inner_text("h1") == "Mira Stone, a ferrywoman"
        say(page, "to")
        say(page, "fro")
        assert heard(page) == [["TO 0", "FRO 0"], ["No 2", "No 4"]]
        page.get_by_role("button", name="Again").click()
        page.get_by_text("FRO 1", exact=True).wait_for()
        page.wait_for_selector("#send:enabled")
        page.get_by_role("button", name="Undo").click()
        assert heard(page) == [["TO 0"], ["No 2"]]
        with page.expect_download() as download:
            page.get_by_role("button", name="Save").click()
        download.value.save_as(tmp_path / "chat.json")
        assert download.value.suggested_filename == "chat-Mira-Stone.json"
    rows = saved.read(tmp_path / "chat.json")
    assert [row.model for row in rows] == ["parrot", "nano_m@nano_l"]
    assert [row.turns for row in rows] == [[("to", "TO 0")], [("to", "No 2")]]
    assert rows[0].role.system == MIRA.system


def test_what_a_model_writes_is_text(browser: "Browser") -> None:
    with served(talk(lambda _: HOSTILE)) as url, at(browser, url) as page:
        say(page, "<b>Hi</b>")
        assert page.locator(".theirs .said").text_content() == HOSTILE
        assert page.locator(".mine .said").inner_text() == "<b>Hi</b>"
        assert page.evaluate("window.hacked") is None
        assert page.locator("main script, main img, main b").count() == 0


def test_roles_are_switched_and_made(browser: "Browser") -> None:
    with served(talk()) as url, at(browser, url) as page:
        say(page, "Hi")
        box = page.get_by_label("Search, or")
        box.fill("Tomas Reed")
        page.keyboard.press("Enter")
        page.locator("#wrong", has_text="say which by its id").wait_for()
        assert heard(page) == [["HI 0"]]
        box.fill("You are Li Bai, a poet.")
        page.get_by_role("button", name="Switch").click()
        page.locator("h1", has_text="Li Bai").wait_for()
        assert page.inner_text("#told") == "The model is told: You are Li Bai, a poet."
        assert page.inner_text("#wrong") == ""
        assert heard(page) == [[]]


def test_the_sets_characters_are_listed_and_chosen(browser: "Browser") -> None:
    with served(talk()) as url, at(browser, url) as page:
        names, wanted = page.locator("#names"), page.get_by_label("Search, or")
        assert page.get_by_label("4 characters").evaluate("one => one.id") == "names"
        everyone = [
            "Choose …",
            "Mira Stone, a ferrywoman",
            "Tomas Reed, a smith",
            "Tomas Reed, a thief",
            "李白, 唐代诗人",
        ]
        assert names.locator("option").all_inner_texts() == everyone
        wanted.fill("reed")
        page.get_by_label("2 found").select_option("Tomas Reed, a thief")
        page.get_by_role("button", name="Switch").click()
        page.locator("h1", has_text="Tomas Reed, a thief").wait_for()
        page.get_by_label("4 characters").wait_for()
        assert (wanted.input_value(), names.input_value()) == ("", "")
        wanted.fill("nobody")
        page.get_by_label("0 found").wait_for()
        wanted.press("Enter")
        page.locator("#wrong", has_text="is called 'nobody'").wait_for()


def test_a_large_set_is_listed_in_part(browser: "Browser", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LISTED", 2)
    with served(talk()) as url, at(browser, url) as page:
        page.get_by_label("4 characters, the first 2 listed").wait_for()
        assert page.locator("#names option").count() == 1 + 2


def test_a_failure_and_a_cut_reply_are_said_and_the_other_side_goes_on(browser: "Browser") -> None:
    failing = talk(lambda _: Failure("no luck"), "failing")
    with served(failing, talk(lambda _: "word " * 60)) as url, at(browser, url) as page:
        say(page, "Hi")
        assert page.locator(".note").nth(0).inner_text() == "There is no reply: no luck."
        assert page.locator(".note").nth(1).inner_text() == "Cut here: answer.max_tokens sets how long a reply may be."


def test_what_was_loaded_is_there(browser: "Browser") -> None:
    before = Talk(speaker(), MIRA, [Turn("Hello", "Aye.")])
    with served(before) as url, at(browser, url) as page:
        assert heard(page) == [["Aye."]]
        say(page, "Hi")
        assert heard(page) == [["Aye.", "HI 0"]]
    assert isinstance(before.speaker.engine, ScriptedEngine)
    assert [m["content"] for m in before.speaker.engine.asked[0].messages] == [MIRA.system, "Hello", "Aye.", "Hi"]


class Endless(ScriptedEngine):
    """Speaks until it is stopped."""

    def __init__(self) -> None:
        super().__init__(lambda _: "")

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        text = ""
        while not stop.wait(0.01):
            text += "on and on "
            yield Completion(text, "length", 1, 1)


def test_stop_keeps_what_has_come(browser: "Browser") -> None:
    endless = Talk(type(speaker())("endless", Endless(), SAMPLED), MIRA)
    with served(endless) as url, at(browser, url) as page:
        page.get_by_label("Message").fill("Hi")
        page.keyboard.press("Enter")
        page.get_by_text("on and on").wait_for()
        assert page.get_by_role("button", name="Send").is_disabled()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").first.wait_for()
        assert page.get_by_role("button", name="Send").is_enabled()
        assert heard(page)[0][0].startswith("on and on")


def test_the_keyboard_is_enough(browser: "Browser") -> None:
    with served(talk(), talk(name="other")) as url, at(browser, url) as page:
        page.keyboard.type("one")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("two")
        page.keyboard.press("Enter")
        page.wait_for_selector("#send:enabled")
        assert heard(page)[0] == ["ONE\nTWO 0"]
        reached = []
        for _ in range(5):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent"))
        assert reached[:4] == ["Send", "Again", "Undo", "Save"]
        page.get_by_label("Conversation with other").focus()
        assert page.evaluate("document.activeElement.className") == "log"
        told = [side.text_content() for side in page.locator("section [role=status]").all()]
        assert told == ["parrot: ONE\nTWO 0", "other: ONE\nTWO 0"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser: "Browser", scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}, "bypass_csp": True}
    with served(talk(), talk(lambda _: Failure("no luck"), "other")) as url, at(browser, url, **look) as page:
        say(page, "Hi " * 100)
        found = axe.run(page).response["violations"]
        assert [(x["id"], x["impact"], [n["html"] for n in x["nodes"]]) for x in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
