"""The matrix says what was scored of what was asked, by language and together, in stable bytes."""

import csv
import io
import math

from ditto.records import Metric, Verdict
from ditto.report.matrix import ALL, METRICS, Entry, Line, by_character, by_replicate, matrix, to_csv

BASE, TUNED = Entry("base", "xs", ""), Entry("imitation", "xs", "l")
COLUMNS = "row,seed,supervisor,language,metric,value,ci_low,ci_high,n_scored,n_total"


def verdict(who: str, value: float | None, metric: Metric = "identity", lang: str = "en", turn: int = 0) -> Verdict:
    reason = "" if value is not None else "no answer: empty"
    return Verdict(character=who, lang=lang, turn=turn, metric=metric, sample=0, value=value, reason=reason)


VERDICTS = [
    verdict("a", 1.0),
    verdict("a", 0.0, turn=1),
    verdict("b", 1.0),
    verdict("b", None, turn=1),
    verdict("b", 1.0, lang="zh"),
    verdict("a", None, lang="zh"),
    verdict("a", 7.0, "knowledge"),
    verdict("b", 4.0, "knowledge", "zh"),
    verdict("a", None, "rejection"),
]


def line(lines: list[Line], entry: Entry, language: str, metric: str) -> Line:
    (found,) = (
        x for x in lines if (x.row, x.seed, x.supervisor, x.language, x.metric) == (*_parts(entry), language, metric)
    )
    return found


def _parts(entry: Entry) -> tuple[str, str, str]:
    return entry.row, entry.seed, entry.supervisor


def test_every_entry_has_a_line_for_each_language_and_metric_and_for_all() -> None:
    lines = matrix({BASE: VERDICTS, TUNED: [verdict("a", 1.0)]})
    found = [(x.row, x.language, x.metric) for x in lines]
    assert found == [(row, lang, m) for row in ("base", "imitation") for lang in ("en", "zh", ALL) for m in METRICS]


def test_what_was_not_scored_is_counted_and_left_out_of_the_mean() -> None:
    lines = matrix({BASE: VERDICTS})
    english, chinese, both = (line(lines, BASE, lang, "identity") for lang in ("en", "zh", ALL))
    assert (english.value, english.n_scored, english.n_total) == (2 / 3, 3, 4)
    assert (chinese.value, chinese.n_scored, chinese.n_total) == (1.0, 1, 2)
    assert (both.value, both.n_scored, both.n_total) == (0.75, 4, 6)
    assert line(lines, BASE, ALL, "knowledge").value == 5.5


def test_nothing_scored_is_no_number_and_not_zero() -> None:
    unscored = line(matrix({BASE: VERDICTS}), BASE, "en", "rejection")
    assert math.isnan(unscored.value)
    assert math.isnan(unscored.ci_low)
    assert (unscored.n_scored, unscored.n_total) == (0, 1)


def test_an_entry_that_was_not_asked_in_a_language_says_so() -> None:
    absent = line(matrix({BASE: VERDICTS, TUNED: [verdict("a", 1.0)]}), TUNED, "zh", "identity")
    assert (absent.n_scored, absent.n_total) == (0, 0)
    assert math.isnan(absent.value)


def test_a_characters_languages_are_resampled_together() -> None:
    assert by_character(VERDICTS, "identity") == {"a": [1.0, 0.0], "b": [1.0, 1.0]}
    assert by_character(VERDICTS, "identity", "zh") == {"b": [1.0]}


def test_the_csv_has_the_promised_columns_and_four_decimals() -> None:
    text = to_csv(matrix({BASE: VERDICTS}))
    head, first, *_ = text.splitlines()
    assert head == COLUMNS
    assert first == "base,xs,,en,identity,0.6667,0.5000,1.0000,3,4"
    rows = list(csv.DictReader(io.StringIO(text)))
    unscored = next(row for row in rows if (row["language"], row["metric"]) == ("en", "rejection"))
    assert [unscored[name] for name in ("value", "ci_low", "ci_high", "n_scored")] == ["", "", "", "0"]
    assert "nan" not in text


def test_the_csv_is_the_same_byte_for_byte_in_whatever_order_the_verdicts_come() -> None:
    text = to_csv(matrix({BASE: VERDICTS, TUNED: VERDICTS}))
    assert to_csv(matrix({BASE: VERDICTS[::-1], TUNED: VERDICTS[::-1]})) == text
    assert text.endswith("\n")
    assert "\r" not in text


def test_names_with_commas_survive_the_csv() -> None:
    odd = Entry("base", 'a,"b"', "")
    rows = list(csv.DictReader(io.StringIO(to_csv(matrix({odd: VERDICTS})))))
    assert {row["seed"] for row in rows} == {'a,"b"'}


def test_a_cells_mean_is_over_its_replicates_and_its_interval_over_both_levels() -> None:
    def run(value: float) -> list[Verdict]:
        return [
            Verdict(character=f"Q{i}", lang="en", turn=0, metric="identity", sample=0, value=value, reason="")
            for i in range(8)
        ]

    runs = {Entry("imitation", "xs", "l", n): run(value) for n, value in enumerate((0.25, 0.5, 0.75))}
    line = next(x for x in matrix(runs) if (x.language, x.metric) == (ALL, "identity"))
    assert (line.value, line.n_scored, line.n_total) == (0.5, 24, 24)
    assert (line.ci_low, line.ci_high) == (0.25, 0.75)
    alone = [x for x in by_replicate(runs) if x.language == ALL]
    assert [(x.replicate, x.value, x.ci_low, x.n_total) for x in alone] == [
        (0, 0.25, 0.25, 8),
        (1, 0.5, 0.5, 8),
        (2, 0.75, 0.75, 8),
    ]
    assert by_replicate({Entry("imitation", "xs", "l"): run(0.5)}) == []
