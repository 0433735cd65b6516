"""What was answered is kept by what was asked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.characters.answers import Answers

PARAMS = st.dictionaries(st.sampled_from(["a", "b", "ab"]), st.text("ab=&|", max_size=3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


@given(st.lists(st.tuples(st.sampled_from(["http://a", "http://b"]), PARAMS), max_size=5))
def test_each_request_has_its_own(folder: Path, requests: list[tuple[str, dict[str, str]]]) -> None:
    answers = Answers(folder)
    for n, (url, params) in enumerate(requests):
        answers.put(url, params, b'{"n": %d}' % n)
    last = {(url, tuple(sorted(params.items()))): n for n, (url, params) in enumerate(requests)}
    assert [answers.get(url, dict(params)) for url, params in last] == [{"n": n} for n in last.values()]


def test_manners_are_no_part_of_the_request(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    answers.put("http://a", {"action": "query", "maxlag": "5"}, b"{}")
    assert answers.get("http://a", {"maxlag": "10", "action": "query"}) == {}
    assert answers.get("http://a", {"action": "parse"}) is None
