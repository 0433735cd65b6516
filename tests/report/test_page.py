"""What the page is made of: texts that stay data, sizes that stay small, equal pages of equal studies."""

import gzip
import json
import random
import re
from base64 import b64decode
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.records import Answer, Verdict
from ditto.report.matrix import Entry
from ditto.report.page import data
from ditto.report.page.build import CUTS, embedded, pack, page
from ditto.report.page.data import Cut, Json, Texts
from tests.studies import role, session

STUDY: Json = {"study": "s", "findings": [], "rows": []}
ROLES = [session(role(n), 2) for n in range(3)]


def row(text: str | None = "said", votes: tuple[float | None, ...] = (1.0,)) -> Texts:
    answers = [
        Answer(character=s.character.id, lang="en", turn=t, text=text, reason="" if text else "refused")
        for s in ROLES
        for t in range(2)
    ]
    verdicts = [
        Verdict(
            character=a.character,
            lang="en",
            turn=a.turn,
            metric="identity",
            sample=i,
            value=vote,
            reason="r",
            transcript="t" * 50,
        )
        for a in answers
        for i, vote in enumerate(votes)
    ]
    return Texts(Entry("base", "m", ""), "benchmark", ROLES, answers, verdicts)


def unpacked(text: str) -> Json:
    found: Json = json.loads(gzip.decompress(b64decode(text)))
    return found


@given(st.text())
def test_nothing_ends_the_element_that_holds_it(text: str) -> None:
    shown = embedded({"text": text, text: "</script><!--"})
    assert "<" not in shown
    assert json.loads(shown) == {"text": text, text: "</script><!--"}
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", pack({"text": text}))
    assert unpacked(pack({"text": text})) == {"text": text}


def test_a_study_of_any_name_makes_one_page() -> None:
    html = page({**STUDY, "study": '"><script>'}, lambda cut: {})
    assert "<title>&quot;&gt;&lt;script&gt; · study</title>" in html
    assert html.count('"><script>') == 0
    assert html.count("<script") == html.count("</script>")


def test_equal_studies_make_equal_pages() -> None:
    made = [page(STUDY, lambda cut: {"row-0": data.row_chunk(row(), cut)}) for _ in range(2)]
    assert made[0] == made[1]


def test_turns_keep_the_order_of_the_benchmark() -> None:
    shuffled = row(votes=(1.0, 0.0, None))
    random.Random(0).shuffle(shuffled.answers)  # type: ignore[arg-type]
    chunk = data.row_chunk(shuffled)
    assert len(chunk["answers"]) == len(chunk["verdicts"]) == 6
    assert chunk["verdicts"][0]["identity"]["score"] == 0.5
    assert [vote[2] for vote in chunk["verdicts"][0]["identity"]["votes"]] == [1.0, 0.0, None]
    turns = [turn for one in data.sessions_chunk(ROLES)["sessions"] for turn in one["turns"]]
    assert [turn["reject"] for turn in turns] == [False, True] * 3


def test_answers_and_verdicts_that_lack_are_empty() -> None:
    some = row(None, votes=(None,))
    chunk = data.row_chunk(Texts(some.entry, some.benchmark, ROLES, some.answers[:1], some.verdicts[:1]))
    assert chunk["answers"] == [[None, "refused"], None, None, None, None, None]
    assert chunk["verdicts"][0]["identity"]["score"] is None
    assert chunk["verdicts"][1:] == [{}] * 5


def test_judges_replies_are_cut_first_and_the_page_says_so() -> None:
    tried: list[Cut] = []

    def chunks(cut: Cut) -> Mapping[str, Json]:
        tried.append(cut)
        rng = random.Random(0)
        return {"row-0": {"text": cut.reply("".join(map(chr, (rng.randrange(33, 1000) for _ in range(300_000)))))}}

    whole = page(STUDY, lambda cut: {})
    html = page(STUDY, chunks, most=len(whole) + 5000)
    assert tried == list(CUTS[:2])
    assert '"cut":{"replies":1000,"texts":null}' in html
    assert '"cut":{"replies":null,"texts":null}' in whole


def test_what_was_cut_is_told() -> None:
    assert Cut(texts=3).text("abcdef") == "abc … [3 characters left out]"
    assert Cut(texts=6).text("abcdef") == Cut().text("abcdef") == "abcdef"


@pytest.mark.slow
def test_a_page_of_36_cells_stays_under_30_mb() -> None:
    """48 rows of 500 turns, and a judge who writes 80 words on each of three metrics."""
    rng = random.Random(0)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(5000)]
    texts = [" ".join(rng.choices(words, k=80)) for _ in range(2000)]

    def chunk(cut: Cut) -> Json:
        said = rng.choices(texts, k=2000)
        votes = [{"score": 1.0, "votes": [["", 0, 1.0, "parsed", cut.reply(text)]]} for text in said[500:]]
        return {
            "answers": [[text, ""] for text in said[:500]],
            "verdicts": [dict(zip("ikr", votes[i : i + 3], strict=True)) for i in range(0, 1500, 3)],
        }

    html = page(STUDY, lambda cut: {f"row-{i}": chunk(cut) for i in range(48)})
    assert 15_000_000 < len(html.encode()) < 30_000_000


def test_a_long_curve_has_as_many_points_as_can_be_seen() -> None:
    losses = [(step, float(step)) for step in range(1, 1001)]
    found = data.curve(losses)
    assert found["mean_of"] == 3
    assert len(found["steps"]) == len(found["loss"]) == 334
    assert (found["steps"][0], found["loss"][0]) == (3, 2.0)
    assert data.curve(losses[:10])["loss"] == [float(step) for step in range(1, 11)]


def test_usage_is_of_a_stage_or_of_a_panels_members() -> None:
    manifest = {"stage": "judge", "settings": {"a": {"b": [1, 2], "c": None}}, "counts": {"verdicts": 3}}
    assert data.artifact(manifest, {})["usage"] is None
    assert data.artifact(manifest, {})["settings"] == {"a.b": "1, 2", "a.c": None}
    assert data.flat({"judge": {"": {"model": "x"}}}) == {"judge.model": "x"}
    manifest["counts"] = {m: {"usage": {"prompt_tokens": 5, "dollars": 0.5}} for m in ("one", "other")}
    assert data.artifact(manifest, {})["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 0,
        "cached_tokens": 0,
        "dollars": 1.0,
    }
