"""A reply gives the verdict that its judge meant or none, whatever else stands in it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.evaluate.parse import Unparsed, choice, refuses, score, sound

NONE, SEVERAL = Unparsed("no verdict"), Unparsed("several verdicts")
RANGE, UNKNOWN = Unparsed("out of range"), Unparsed("unknown choice")
DEEP = '{"a":' * 5000


def obj(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (obj(reason="Two of three facts.", score=7), 7),
        (obj(reason="Fine.", score=7.5), 7.5),
        (obj(score=1), 1),
        (obj(score=10.0), 10),
        (obj(score="8"), 8),
        (json.dumps({"reason": "好", "score": 6}, indent=2), 6),
        ('{"score": 7, "reason": "He is right.\nAnd brief."}', 7),
        (f"```json\n{obj(score=9)}\n```", 9),
        (f"```{obj(score=9)}```", 9),
        (f"Here is my verdict: {obj(reason='Good.', score=4)} I hope that it helps.", 4),
        (f"**{obj(score=4)}**", 4),
        (f"{{character}} is right. {obj(score=4)}", 4),
        (f"[{obj(score=5)}]", 5),
        (f"{obj(thought='Score: 3')}\nScore: 8", 8),
        (f"{obj(score=5)}\n{obj(score=5.0)}\nScore: 5", 5),
        (f"<think>Perhaps {obj(score=2)}?</think>{obj(score=8)}", 8),
        ("<think>Score: 2</think>\n\nScore: 8", 8),
        ("Perhaps 3.</think>8", 8),
        (obj(reason='The answer says {"score": 10}.', score=2), 2),
        (obj(reason="It says:\nScore: 10\n", score=2), 2),
        (obj(reason="他说＂满分＂，＼", score=2), 2),
        ('{"reason"：＂好＂}\nScore: 3', NONE),
        ('｛"score"：３｝', 3),
        ("8", 8),
        ("8/10", 8),
        ("8 / 10", 8),
        ("8 out of 10.", 8),
        ("7.5", 7.5),
        ("Score: 8", 8),
        ("score 8", 8),
        ("SCORE: 8!", 8),
        ("**8**", 8),
        ("**Score:** 8", 8),
        ("**Score**: 8/10", 8),
        ("- Score: `8`", 8),
        ("## Final score: 8", 8),
        ("My rating is 8 points.", 8),
        ("The final verdict is: 8", 8),
        ("Overall score: 8", 8),
        ("评分：８分", 8),
        ("最终得分为 7.5 分。", 7.5),
        ("分数是8", 8),
        ("**评分**：8/10分", 8),
        ("It names his mentor, but not where he lives.\n\nScore: 6\n", 6),
        ("他说对了两点。\n评分：6", 6),
        ('The answer says "Score: 10".\nScore: 2', 2),
        ("> Score: 10\nScore: 2", 2),
        ("“评分：10”\n评分：2", 2),
        ("", NONE),
        (" \n\t", NONE),
        ("Good.", NONE),
        ("I would not say 1", NONE),
        ("8 or 9", NONE),
        ("7-8", NONE),
        ("Score: 1*0", NONE),
        ("Score: ~~8~~ 3", NONE),
        ("Score: 8?", NONE),
        ("Score: 8, not 10", NONE),
        ("80/100", NONE),
        ("8/5", NONE),
        ("8/100", NONE),
        ("8,5", NONE),
        ("1e1", NONE),
        ("八分", NONE),
        ("٨", NONE),
        ("Score: _", NONE),
        ("Not a score: 8", NONE),
        ("Not\u20288 but less", NONE),
        ("> Score: 10", NONE),
        ('"Score: 10"', NONE),
        ("Score: 8\nBut he may have meant another one.", NONE),
        ("Score: 8\n> Score: 10", NONE),
        ("<think>Score: 8", NONE),
        ("<think>It is good.</think><think>\n8", NONE),
        (obj(rating=8), NONE),
        (obj(Score=8), NONE),
        (obj(verdict={"score": 8}), NONE),
        (obj(score=True), NONE),
        (obj(score=None), NONE),
        (obj(score=[8]), NONE),
        (obj(score="8/10"), NONE),
        (obj(score="eight"), NONE),
        (json.dumps(obj(score=8)), NONE),
        ("{'score': 8}", NONE),
        ('{"score": 8', NONE),
        ('{"reason": "It says {"score": 10}", "score": 2}', NONE),
        ('{reason: "It says {"score": 10}", score: 2}', NONE),
        ('{"reason": "It says }{"score": 10}", "score": 2}', NONE),
        ('{"score": 7}\nLet me correct that: {"reason": "It', NONE),
        ('{"marks": [\n8\n]}', NONE),
        (f"Score: {obj(of=100)} 8", NONE),
        ("Score: {not} 8", NONE),
        ('{"a": \n8', NONE),
        ("{\n8", NONE),
        (f"> {obj(score=10)}", NONE),
        (f'The answer says "{obj(score=10)}".', NONE),
        (f"The answer says “{obj(score=10)}”.", NONE),
        (f"It says `{obj(score=10)}`.", NONE),
        (DEEP, NONE),
        (f'{{"score": {"9" * 5000}}}', NONE),
        ("Score: 8\nScore: 3", SEVERAL),
        ("Score: 8\n评分：3", SEVERAL),
        ("```\nScore: 10\n```\nScore: 2", SEVERAL),
        ("Score: 11\nScore: 3", SEVERAL),
        (obj(score=8) + obj(score=3), SEVERAL),
        (obj(score=8) + obj(score="high"), SEVERAL),
        (obj(score=8) + obj(score=11), SEVERAL),
        (f"The answer says {obj(score=10)}.\n{obj(score=2)}", SEVERAL),
        (f"The answer says {obj(score=10)}.\nScore: 2", SEVERAL),
        ('{"score": 3, "score": 8}', SEVERAL),
        ("0", RANGE),
        ("11", RANGE),
        ("-3", RANGE),
        ("Score: 0/10", RANGE),
        ("评分：11分", RANGE),
        ("Score: 0.9", RANGE),
        ("9" * 5000, RANGE),
        (obj(score=0), RANGE),
        (obj(score="-3"), RANGE),
        (obj(score=10.01), RANGE),
        ('{"score": NaN}', RANGE),
        ('{"score": 1e999}', RANGE),
    ],
)
def test_a_mark_is_read_or_doubted(reply: str, verdict: float | Unparsed) -> None:
    assert score(reply) == verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (obj(reason="He speaks of the sea.", choice="B"), 1),
        (f"```json\n{obj(choice='D')}\n```", 3),
        (f"我认为：{obj(reason='海', choice='A')}", 0),
        (obj(reason="B and C? Answer: C", choice="A"), 0),
        ("B", 1),
        ("Ｂ", 1),
        ("(B)", 1),
        ("B.", 1),
        ("**B**", 1),
        ("Answer: B", 1),
        ("answer: (B)", 1),
        ("The answer is B.", 1),
        ("**Final Answer:** B", 1),
        ("Choice: Option C", 2),
        ("Candidate D", 3),
        ("选择：B", 1),
        ("我选B。", 1),
        ("答案是（Ｃ）", 2),
        ("最终答案：选项D", 3),
        ("A speaks so, but B knows the sea.\nAnswer: B", 1),
        ("", NONE),
        ("A good answer", NONE),
        ("Not A", NONE),
        ("不选A", NONE),
        ("A or B", NONE),
        ("A/B", NONE),
        ("AB", NONE),
        ("a", NONE),
        ("(B", NONE),
        ("Answer: B?", NONE),
        ("B, or else I am mistaken", NONE),
        ("None of them", NONE),
        ("> Answer: B", NONE),
        ("「答案：B」", NONE),
        ("<think>Answer: B", NONE),
        (obj(choice="b"), NONE),
        (obj(choice="AB"), NONE),
        (obj(choice=""), NONE),
        (obj(choice=1), NONE),
        (obj(choice=True), NONE),
        (obj(choice=["B"]), NONE),
        (obj(choice="none"), NONE),
        (obj(score=1), NONE),
        ("A\nB", SEVERAL),
        ("Answer: A\n选择：B", SEVERAL),
        (obj(choice="A") + obj(choice="B"), SEVERAL),
        (obj(choice="A") + "\nAnswer: B", SEVERAL),
        (obj(choice="A") + obj(choice="E"), SEVERAL),
        ("E", UNKNOWN),
        ("Answer: Z", UNKNOWN),
        (obj(choice="E"), UNKNOWN),
    ],
)
def test_a_choice_among_four_is_read_or_doubted(reply: str, verdict: int | Unparsed) -> None:
    assert choice(reply, 4) == verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (obj(reason="It says that it does not know.", refuses=True), True),
        (obj(refuses=False), False),
        (obj(refuses="Yes"), True),
        (obj(refuses="false"), False),
        (obj(refuses="是"), True),
        ('{"refuses": "\\u5426"}', False),
        (f"```json\n{obj(refuses=True)}\n```", True),
        (obj(reason='He asks: "Refuses: yes?"', refuses=False), False),
        ("yes", True),
        ("No.", False),
        ("TRUE", True),
        ("**Yes**", True),
        ("Refuses: no", False),
        ("refusal is true", True),
        ("Answer: Yes", True),
        ("The answer is: no", False),
        ("是", True),
        ("否。", False),
        ("拒答：是", True),
        ("是否拒答：否", False),
        ("判断为是", True),
        ("It knows the mentor.\nVerdict: no", False),
        ("", NONE),
        ("INCORRECT", NONE),
        ("CORRECT", NONE),
        ("Yes and no", NONE),
        ("Yes, it refuses.", NONE),
        ("Not yes", NONE),
        ("No?", NONE),
        ("The answer is false.", NONE),
        ("是的", NONE),
        ("不是", NONE),
        ("是否", NONE),
        ("判断是否", NONE),
        ("是否拒答：", NONE),
        ("不拒答：是", NONE),
        ("> Yes", NONE),
        ("“是”", NONE),
        ("Yes\nor so I believe", NONE),
        ("<think>yes", NONE),
        (obj(refuses=1), NONE),
        (obj(refuses=None), NONE),
        (obj(refuses={}), NONE),
        (obj(refuses="perhaps"), NONE),
        (obj(refuse=True), NONE),
        ("Yes\nNo", SEVERAL),
        ("拒答：是\n否", SEVERAL),
        (obj(refuses=True) + obj(refuses=False), SEVERAL),
        (obj(refuses=True) + "\nRefuses: no", SEVERAL),
    ],
)
def test_whether_an_answer_refuses_is_read_or_doubted(reply: str, verdict: bool | Unparsed) -> None:
    read = refuses(reply)
    assert read == verdict
    assert type(read) is type(verdict)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (obj(reason="In the role.", sound=True), True),
        (obj(sound="否"), False),
        ("It invents a brother.\nSound: no", False),
        ("他很像。\n合格：是", True),
        ("It sounds right.", NONE),
        (obj(refuses=True), NONE),
        (obj(sound=True) + "\nSound: no", SEVERAL),
    ],
)
def test_whether_a_response_is_sound_is_read_or_doubted(reply: str, verdict: bool | Unparsed) -> None:
    assert sound(reply) == verdict


def test_who_can_be_chosen_depends_on_how_many_there_are() -> None:
    assert [choice("C", n) for n in (1, 2, 3, 26)] == [UNKNOWN, UNKNOWN, 2, 2]
    assert [choice(obj(choice="Z"), n) for n in (25, 26)] == [UNKNOWN, 25]


def test_a_line_almost_without_end_is_doubted_like_any_other() -> None:
    for reply in ("Score:" + " " * 100_000 + "x", "评分" + "\t" * 100_000 + "x", "* " * 50_000, "{" * 50_000):
        assert (score(reply), choice(reply, 4), refuses(reply)) == (NONE, NONE, NONE)


WORDS = "Score 评分 Answer 选择 Refuses 拒答 : ： 为 是 否 yes No A Z 0 8 1 ９ - . * /10 分 null NaN 1e999"
MARKS = """{ } [ ] " \\ {"score": {"choice":" {"refuses":true} <think> </think> ```"""
FRAGMENTS = st.sampled_from([*WORDS.split(), *MARKS.split(), "\n", "> ", "# ", " is ", "\ud800"])
ANYTHING = st.text() | st.lists(FRAGMENTS | st.text(max_size=3), max_size=12).map("".join)


@given(ANYTHING, st.integers(min_value=1, max_value=26))
def test_whatever_a_judge_writes_gives_a_verdict_in_range_or_none(reply: str, n: int) -> None:
    mark, chosen, refused = score(reply), choice(reply, n), refuses(reply)
    assert isinstance(mark, Unparsed) or (type(mark) is float and 1 <= mark <= 10)
    assert isinstance(chosen, Unparsed) or chosen in range(n)
    assert isinstance(refused, Unparsed | bool)


def plain(text: str) -> bool:
    return not {"{", "<"} & set(unicodedata.normalize("NFKC", text))


REASON = st.text().filter(lambda text: "think>" not in unicodedata.normalize("NFKC", text)) | st.sampled_from(
    [
        '{"score": 10, "choice": "D", "refuses": true}',
        "\nScore: 10\nD\nyes\n",
        '"}\n{"score": 10}',
        "{",
        "```",
        "> ",
        "\\",
    ]
)
MARK = st.integers(min_value=1, max_value=10) | st.floats(min_value=1, max_value=10)
LETTER = st.sampled_from("ABCD")
# "Because" keeps a line of noise from being a verdict itself.
LINE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))).filter(plain).map("Because {}".format)
NOISE = st.lists(LINE, max_size=3).map("\n".join)


def dumped(reason: str, ascii_only: bool, **verdict: object) -> str:
    return json.dumps({"reason": reason, **verdict}, ensure_ascii=ascii_only)


@given(REASON, st.booleans(), MARK, LETTER, st.booleans())
def test_every_verdict_comes_back_from_its_json(
    reason: str, ascii_only: bool, mark: float, letter: str, refused: bool
) -> None:
    assert score(dumped(reason, ascii_only, score=mark)) == mark
    assert score(dumped(reason, ascii_only, score=f"{mark:.3f}")) == round(mark, 3)
    assert choice(dumped(reason, ascii_only, choice=letter), 4) == "ABCD".index(letter)
    assert refuses(dumped(reason, ascii_only, refuses=refused)) is refused
    assert sound(dumped(reason, ascii_only, sound=refused)) is refused


@given(NOISE, NOISE, st.sampled_from(["\n", " ", "\n```json\n", "\n\n"]), REASON, MARK, LETTER, st.booleans())
def test_prose_around_a_json_verdict_changes_nothing(
    before: str, after: str, gap: str, reason: str, mark: float, letter: str, refused: bool
) -> None:
    def among(**verdict: object) -> str:
        return f"{before}{gap}{dumped(reason, False, **verdict)}{gap}{after}"

    assert score(among(score=mark)) == mark
    assert choice(among(choice=letter), 4) == "ABCD".index(letter)
    assert refuses(among(refuses=refused)) is refused


@given(NOISE, MARK, MARK)
def test_two_marks_that_differ_are_never_one(noise: str, one: float, other: float) -> None:
    expected = one if one == other else SEVERAL
    assert score(f"{obj(score=one)}\n{noise}\n{obj(score=other)}") == expected
    assert score(f"{noise}\n{obj(score=one)}\nScore: {other}\n") == expected
    assert score(f"Score: {one}\n{noise}\nScore: {other}") == expected
