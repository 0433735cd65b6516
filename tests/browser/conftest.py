"""Chromium without a network. Its tests are marked `browser`; `-m 'not browser'` leaves them out."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
Opened = Callable[..., "Reader"]


class Reader:
    """A page that was opened from its file, with whatever it said or asked for meanwhile."""

    def __init__(self, browser: "Browser", path: Path, fragment: str, **context: object) -> None:
        self.context = browser.new_context(**{"offline": True, "viewport": {"width": 1280, "height": 900}, **context})
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector(".item", state="attached")

    def wait_for_plots(self) -> None:
        """Plots come last, since their library is large."""
        self.page.wait_for_selector("html[data-plots=drawn]", state="attached")


@pytest.fixture(scope="package")  # Playwright keeps a running event loop in this thread
def browser() -> Iterator["Browser"]:
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: "Browser") -> Iterator[Opened]:
    """Opens a page of a study; closed at the end of the test."""
    readers: list[Reader] = []

    def opens(path: Path, fragment: str = "", **context: object) -> Reader:
        readers.append(Reader(browser, path, fragment, **context))
        return readers[-1]

    yield opens
    for reader in readers:
        reader.context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("browser")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: opens the page in Chromium")
