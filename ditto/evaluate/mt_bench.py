"""`benchmark=mt_bench_roleplay`: MT-Bench's ten role-play questions, two turns each, judged for quality alone.

Source: `fastchat/llm_judge/data/mt_bench/question.jsonl` of github.com/lm-sys/FastChat, one question a line:

    {"question_id": 91, "category": "roleplay", "turns": ["Pretend yourself to be ...", "How do you like dancing? ..."]}
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ditto.errors import DataError
from ditto.records import Character, Question, Session, Split, read_jsonl


@dataclass(frozen=True, slots=True, kw_only=True)
class MTQuestion:
    """A line of the file; `reference` is there for questions with one right answer."""

    question_id: int
    category: str
    turns: tuple[str, ...]
    reference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MTBenchRoleplay:
    """The questions of category roleplay in the file at `path`. The first turn names the role, so the model is told
    nothing before it."""

    path: str

    @property
    def identity(self) -> str:
        """What identifies the benchmark in the key of its sessions.

        Raises:
            DataError: the file cannot be read.
        """
        return f"mt_bench_roleplay/{sha256(self._content()).hexdigest()}"

    def sessions(self, split: Split) -> list[Session]:
        """A session for each question, whatever the characters.

        Raises:
            DataError: the file does not fit the schema, or has no role-play question.
        """
        self._content()
        questions = [q for q in read_jsonl(Path(self.path), MTQuestion) if q.category == "roleplay"]
        if not questions:
            raise DataError(f"{self.path} has no question of category 'roleplay': give MT-Bench's question.jsonl.")
        seen = set[int]()
        for question in questions:
            self._check(question, seen)
            seen.add(question.question_id)
        return [_session(question) for question in questions]

    def _check(self, question: MTQuestion, seen: set[int]) -> None:
        where = f"{self.path}, question_id {question.question_id}"
        if question.question_id in seen:
            raise DataError(f"{where} is there twice: keep one.")
        if not question.turns or not all(turn.strip() for turn in question.turns):
            raise DataError(f"{where}, field 'turns' is {list(question.turns)}: each turn needs its question.")

    def _content(self) -> bytes:
        try:
            return Path(self.path).read_bytes()
        except FileNotFoundError:
            raise DataError(
                f"{self.path} is not there: give the path to fastchat/llm_judge/data/mt_bench/question.jsonl "
                "from https://github.com/lm-sys/FastChat."
            ) from None
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}.") from None


def _session(question: MTQuestion) -> Session:
    number = question.question_id
    return Session(
        character=Character(
            id=f"mt-{number}", lang="en", label=f"question {number}", description="a role-play question of MT-Bench"
        ),
        candidates=(),
        questions=tuple(Question(query=turn, reject=False) for turn in question.turns),
        system="",
        metrics=("quality",),
    )
