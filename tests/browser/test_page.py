"""The page of a study as its reader has it: in a browser, from a file, without a network."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from ditto.plan.compare import TOTAL, Line
from ditto.records import Claim, Metric, Question, Session
from ditto.report.matrix import to_csv
from ditto.stages import report
from tests.browser.conftest import Opened
from tests.studies import Made, config, role, session

BAD = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'></script><script>hacked = 3</script>"
RTL = "\u202egnp.exe\u202c שלום עולם"
CONTROLS = "bell \x07, escape \x1b[31m, null \x00, zero width \u200b"
LONG = "long " * 20_000
LANGUAGES = ("en", "zh")


def voted(row: str, asked: Session, turn: int, metric: Metric) -> Sequence[float | None]:
    """Every tenth verdict is unscored; the others differ between rows."""
    n = int(asked.character.id[1:]) * 7 + turn * 3 + len(metric) + len(row)
    return [None if n % 10 == 0 else 1.0 + n % 10 if metric == "knowledge" else float(n % 3 > 0)]


def said(row: str, asked: Session, turn: int) -> str | None:
    return None if (int(asked.character.id[1:]), turn) == (3, 1) else f"{row} answers {asked.character.id} at {turn}."


def written(made: Made, name: str) -> Path:
    return report.run(made.cfg, made.save(), name) / "index.html"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    sessions = [session(role(n, lang), 5) for lang in LANGUAGES for n in range(50)]
    return written(Made(config(root), ["small", "large"], sessions, said, voted), "whole study")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    claim = Claim(id="p", property=BAD, value=f"{BAD} {RTL}")
    person = role(0)
    named = type(person)(id="q0", lang="en", label=f"{BAD} {RTL}", description=f"{CONTROLS} {BAD}")
    questions = tuple(Question(query=q, reject=False, evidence=(claim,), reference=BAD) for q in (BAD, RTL, CONTROLS))
    asked = Session(character=named, candidates=(named, person), questions=questions)
    texts = [BAD, f"{RTL} {CONTROLS}", LONG]
    made = Made(
        config(root), ["small"], [asked], lambda *x: texts[x[2]], reason=f"{BAD} {RTL}", transcript=f"{BAD} {CONTROLS}"
    )
    return written(made, "<b>hostile & \u202eco")


def matrix(path: Path) -> list[dict[str, str]]:
    with path.with_name("matrix.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cell_of(line: dict[str, str], models: Sequence[str]) -> str:
    """The selector of a line's cell in its metric's table, with the seeds' bases last in a row."""
    row = models.index(line["seed"]) if line["seed"] else len(models)
    column = models.index(line["supervisor"]) if line["supervisor"] else len(models)
    return f"table[aria-label^={line['metric']}] tbody tr:nth-child({row + 1}) td:nth-child({column + 2}) button"


def test_it_opens_from_its_file_and_asks_for_nothing(whole: Path, opened: Opened) -> None:
    reader = opened(whole)
    reader.wait_for_plots()
    assert reader.asked == [whole.as_uri()]
    assert reader.said == []
    assert reader.page.title() == "whole study · study"
    assert reader.page.inner_text("h1") == "whole study"
    assert reader.page.locator("#points .scatterlayer .point").count() == 4 * 3
    assert reader.page.locator("#losses .scatterlayer .trace").count() == 4


def test_hovering_tells_what_matrix_csv_has(whole: Path, opened: Opened) -> None:
    page, models, lines = opened(whole).page, ["small", "large"], matrix(whole)
    for language in ("all", "zh"):
        page.check(f"#languages input[value={language}]", force=True)
        for line in [x for x in lines if x["language"] == language]:
            page.hover(cell_of(line, models))
            told = page.inner_text("#tip")
            assert f"{line['value']} [{line['ci_low']}, {line['ci_high']}]" in told
            assert f"{line['n_scored']} of {line['n_total']} verdicts scored" in told
            assert line["row"] in told
            assert line["metric"] in told


def test_the_scatter_tells_the_same(whole: Path, opened: Opened) -> None:
    page, lines = opened(whole).page, matrix(whole)
    told = page.evaluate(
        "[...document.querySelectorAll('#points .plot')].flatMap(p => p.data.map(t => t.hovertemplate))"
    )
    tuned = [x for x in lines if x["row"] == "imitation" and x["language"] == "all"]
    for line in tuned:
        text = f"{line['seed']} on {line['supervisor']}</b><br>imitation {line['value']} [{line['ci_low']}"
        assert any(text in one for one in told)
    assert len(told) == len(tuned)


def test_filters_keep_the_turns_that_are_so(whole: Path, opened: Opened) -> None:
    page = opened(whole, "#read/4/0/all/0").page
    row, sessions = "imitation-small-on-small", [session(role(n, lang), 5) for lang in LANGUAGES for n in range(50)]
    expected = {"wrong": 0, "unscored": 0, "refused": 0}
    for asked in sessions:
        for turn, question in enumerate(asked.questions):
            marks = {m: voted(row, asked, turn, m)[0] for m in asked.metrics if m != "knowledge" or question.evidence}
            wrong = [v is not None and v < (5.5 if m == "knowledge" else 0.5) for m, v in marks.items()]
            expected["wrong"] += any(wrong)
            expected["unscored"] += None in marks.values()
            expected["refused"] += marks["rejection"] is not None and bool(marks["rejection"]) == question.reject
    assert min(expected.values()) > 0
    for show, n in expected.items():
        page.check(f"#browser input[value={show}]", force=True)
        assert page.inner_text("#browser [role=status]") == f"{n} turns"
        assert page.locator(".item").first.get_attribute("aria-setsize") == str(n)
    page.check("#browser input[value=failed]", force=True)
    assert page.inner_text("#browser [role=status]") == "2 turns"
    assert page.inner_text(".turn article:nth-child(1) .note").startswith("No answer: refused")
    page.check("#browser input[value=all]", force=True)
    page.get_by_label("Query kind").select_option("contrastive")
    page.locator("#browser").get_by_label("Language").select_option("zh")
    assert page.inner_text("#browser [role=status]") == "100 turns"
    page.get_by_label("Search roles").fill("role 7")
    assert page.inner_text("#browser [role=status]") == "2 turns"
    page.get_by_label("Search roles").fill("nobody of this name")
    assert page.inner_text("#browser [role=status]") == "No turn is like this."


def test_two_rows_stand_side_by_side(whole: Path, opened: Opened) -> None:
    page = opened(whole).page
    page.get_by_label("Row A").select_option(label="supervision large")
    page.get_by_label("Row B").select_option(label="imitation large on small")
    page.locator(".item").nth(6).click()
    one, other = page.locator(".turn .said").all_inner_texts()
    assert one == "supervision-large answers q1 at 1."
    assert other == "imitation-large-on-small answers q1 at 1."
    assert page.inner_text(".turn h3") == "Role 1"
    assert "contrastive" in page.inner_text(".turn > p")
    assert page.locator(".turn .reason").first.inner_text() == "as the judge sees it"
    page.get_by_label("Row B").select_option(label="none")
    assert page.locator(".turn .said").count() == 1


def test_a_cell_of_the_matrix_opens_its_transcripts_at_an_address_of_their_own(whole: Path, opened: Opened) -> None:
    page = opened(whole).page
    page.click("table[aria-label^=identity] tbody tr:nth-child(1) td:nth-child(3) button")
    page.wait_for_url(lambda url: "#read/" in url)
    page.locator(".item").nth(2).click()
    address = page.evaluate("location.hash")
    again = opened(whole, address).page
    assert again.locator(".turn .said").all_inner_texts() == [
        "imitation-small-on-large answers q0 at 2.",
        "base-small answers q0 at 2.",
    ]


def test_a_key_beside_the_curves_switches_all_plots(whole: Path, opened: Opened) -> None:
    reader = opened(whole)
    reader.wait_for_plots()
    page = reader.page
    key = page.locator("#curve-keys").get_by_role("group", name="supervisors").get_by_role("button", name="large")
    assert key.bounding_box()["x"] > page.locator("#losses").bounding_box()["x"]  # type: ignore[index]
    dashes = page.locator("#curve-keys line").evaluate_all(
        "all => all.map(one => one.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 2
    key.click()
    page.wait_for_function("document.querySelectorAll('#losses .scatterlayer .trace').length === 2")
    assert page.locator("#points .scatterlayer .point").count() == 2 * 3
    assert page.locator(".key[aria-pressed=false]").all_inner_texts() == ["■\nlarge", "large"]
    page.locator("#keys [data-key='supervisor large']").click()
    page.wait_for_function("document.querySelectorAll('#losses .scatterlayer .trace').length === 4")


def test_costs_and_settings_are_told(tmp_path: Path, opened: Opened) -> None:
    made = Made(config(tmp_path), ["one"], [session(role(n)) for n in range(3)])
    lines = [Line(stage, "x", 12, 10, 1300, 1200, 40, 34, 4.5, 3.25) for stage in ("answer", "answer", "judge", TOTAL)]
    planned = written(made, "planned").with_name("plan.csv")
    planned.write_text(to_csv(lines, Line), "utf-8")
    page = opened(written(made, "planned")).page
    rows = page.get_by_role("region", name="Planned and measured by stage").locator("tbody tr, tfoot tr")
    assert [row.split("\t")[:4] for row in rows.all_inner_texts()] == [
        ["answer", "2", "9.0 / 6.5", "24 / 20"],
        ["judge", "1", "4.5 / 3.3", "12 / 10"],
        ["together", "3", "4.5 / 3.3", "12 / 10"],
    ]
    page.locator("#settings summary", has_text="answer, base").click()
    assert "one (base-one)" in page.inner_text("#settings")  # such a model's identity is its label


def test_only_the_turns_in_view_are_drawn(whole: Path, opened: Opened) -> None:
    page = opened(whole).page
    assert page.locator(".item").count() < 40
    assert page.locator(".item").first.get_attribute("aria-setsize") == "500"
    page.focus(".list")
    page.keyboard.press("End")
    page.wait_for_selector("#turn-499")
    assert page.locator(".item").count() < 40
    assert page.inner_text(".steps .number") == "500 of 500"


def test_the_keyboard_reaches_everything(whole: Path, opened: Opened) -> None:
    page = opened(whole).page
    page.focus("table[aria-label^=identity] button[tabindex='0']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert "imitation large on large" in page.inner_text("#tip")
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#turn-1[aria-selected=true]")
    assert page.get_attribute(".list", "aria-activedescendant") == "turn-1"


def test_what_models_wrote_is_shown_and_never_run(hostile: Path, opened: Opened) -> None:
    reader = opened(hostile, "#read/2/0/all/0")
    page = reader.page
    assert page.title().startswith("<b>hostile & ")
    assert page.inner_text("h1") == "<b>hostile & U+202Eco"
    page.click("summary:has-text('A good answer')")
    page.locator("summary:has-text('The judge')").first.click()
    assert page.inner_text(".turn .question") == BAD
    assert page.locator(".turn .said").first.inner_text() == BAD
    assert page.locator(".turn .transcript").first.inner_text().startswith(BAD)
    assert page.inner_text(".turn .grounds li").startswith(f"{BAD}: {BAD}")
    page.keyboard.press("Escape")
    page.get_by_label("Next turn").click()
    shown = page.locator(".turn .said").first
    assert shown.get_attribute("dir") == "auto"
    assert "U+202Egnp.exeU+202C שלום" in shown.inner_text()
    for code in ("U+0007", "U+001B", "U+0000", "U+200B"):
        assert code in shown.inner_text()
    assert page.evaluate("window.hacked") is None
    reader.wait_for_plots()
    assert page.locator("main script, main img").count() == 0
    assert reader.asked == [hostile.as_uri()]
    assert reader.said == []


def test_a_long_line_is_folded_until_it_is_asked_for(hostile: Path, opened: Opened) -> None:
    page = opened(hostile, "#read/2/0/all/2").page
    shown = page.locator(".turn .said").first
    assert len(shown.inner_text()) < 2000
    page.get_by_role("button", name="Show all 100,000 characters").first.click()
    assert shown.text_content() == LONG
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_script_that_got_in_would_not_run(whole: Path, opened: Opened) -> None:
    reader = opened(whole)
    reader.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')")
    reader.page.wait_for_timeout(200)
    assert reader.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in text for text in reader.said)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(whole: Path, opened: Opened, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    reader = opened(whole, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    reader.wait_for_plots()
    page = reader.page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.run(page).response["violations"]
    assert [(x["id"], [n["html"] for n in x["nodes"]]) for x in found if x["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_theme_is_the_readers(whole: Path, opened: Opened) -> None:
    page = opened(whole, color_scheme="dark").page

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark = paper()
    page.click("#theme")
    assert page.inner_text("#theme") == "Theme: light"
    light = paper()
    assert light != dark
    page.emulate_media(media="print")

    assert page.is_hidden(".bar")
    page.emulate_media(media="screen")
    page.click("#theme")
    assert paper() == dark
    page.emulate_media(media="print", color_scheme="dark")
    assert paper() == "rgb(255, 255, 255)"


def test_an_unfinished_matrix_names_its_holes(tmp_path: Path, opened: Opened) -> None:
    made = Made(config(tmp_path), ["small", "large"], [session(role(n)) for n in range(3)], skip={("small", "large")})
    reader = opened(written(made, "holes"))
    reader.wait_for_plots()
    page = reader.page
    assert page.inner_text("#notes") == "Not finished: small on large."
    assert page.locator("td.hole", has_text="not run").count() == 3
    assert page.locator("#points .scatterlayer .point").count() == 3 * 3


def test_a_row_without_a_scored_verdict_is_shown_as_such(tmp_path: Path, opened: Opened) -> None:
    def votes(row: str, *_: object) -> Sequence[float | None]:
        return [None] if row.startswith("imitation") else [1.0]

    made = Made(config(tmp_path), ["one"], [session(role(n)) for n in range(3)], votes=votes, reason="not parsed")
    page = opened(written(made, "unscored"), "#read/2/0/all/0").page
    assert page.inner_text("#notes") == "Every verdict is unscored: imitation one on one."
    assert page.inner_text("table[aria-label^=identity] tbody td:nth-child(2) button") == "unscored"
    verdict = page.locator(".turn .verdicts li").first
    assert "unscored" in verdict.inner_text()
    assert "not parsed" in verdict.inner_text()


def test_a_study_of_one_cell_without_losses_works(tmp_path: Path, opened: Opened) -> None:
    made = Made(config(tmp_path), ["one"], [session(role(n)) for n in range(3)], losses=False)
    reader = opened(written(made, "one"))
    reader.wait_for_plots()
    assert reader.said == []
    assert "1 cell · 1 seed × 1 supervisor" in reader.page.inner_text("#summary")
    assert reader.page.inner_text("#curves") == "These cells: no loss was recorded."
    assert reader.page.locator(".item").count() == 12
