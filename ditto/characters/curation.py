"""Which of the collected characters are kept: those with enough to tell, and of several alike the best known."""

import re
import string
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ditto.characters.roles import fold, names
from ditto.errors import ConfigError
from ditto.progress import Progress
from ditto.records import Character

if TYPE_CHECKING:
    from datasketch import MinHash

SHORT: Final = "short article"
SAME_PAGE: Final = "same page as another"
SAME_INTRODUCTION: Final = "same introduction as another"
NEAR_DUPLICATE: Final = "near-duplicate of another"
HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ee5f\U0002f800-\U0002fa1f\U00030000-\U000323af"
SHINGLE: Final = 5  # words
BASE: Final = 0x9E3779B97F4A7C15  # of the hash of a run of words, modulo 2**64: odd, so that it has an inverse
INVERSE: Final = pow(BASE, -1, 2**64)
PERMUTATIONS: Final = 64
MISSED: Final = 1e-3  # chance that two articles just as alike as `near` are never compared
Shingles = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Curation:
    """An article needs `min_words`. Two are near-duplicates where the sets of their runs of five words have a Jaccard
    similarity of `near` or more; with None nothing is compared.

    Raises:
        ConfigError: a number outside its range.
    """

    min_words: int
    near: float | None

    def __post_init__(self) -> None:
        if self.min_words < 0:
            raise ConfigError(f"characters.curation.min_words={self.min_words} must be 0 or more.")
        if self.near is not None and not 0.5 <= self.near <= 1:
            raise ConfigError(f"characters.curation.near={self.near} must be from 0.5 to 1, or null: compare nothing.")


def curate(characters: Sequence[Character], curation: Curation) -> tuple[list[Character], Counter[str]]:
    """The characters to keep of those given, the best known first, and the number of dropped records by reason.

    A short article costs a character that language. Whoever shares in any language the page, the introduction (label
    and description) or nearly the article with one who is kept is dropped in all of them. The kept one takes over
    the names of whom it surely is: of the same page, or of nearly the same article with a name in common.
    """
    told, dropped = defaultdict[str, list[Character]](list), Counter[str]()
    for character in characters:
        if words(character.article) >= curation.min_words:
            told[character.id].append(character)
        else:
            dropped[SHORT] += 1
    kept = _Kept(curation.near)
    with Progress("characters compared", len(told)) as progress:
        for records in told.values():
            if reason := kept.add(records):
                dropped[reason] += len(records)
            progress.advance()
    return [kept.records[who] for c in characters if (who := (c.id, c.lang)) in kept.records], dropped


def words(text: str) -> int:
    """How many words there are; a punctuation mark is one, and so is a Chinese character (as BERT has it)."""
    return len(_word().findall(text))


class _Kept:
    """The records kept so far. `near` as in `Curation`."""

    def __init__(self, near: float | None) -> None:
        self.records: dict[tuple[str, str], Character] = {}
        self._known: dict[tuple[str, ...], str] = {}
        self._near = near
        self._articles: dict[str, _Articles] = {}

    def add(self, records: Sequence[Character]) -> str:
        """Keep one character's records, or none of them; then why not."""
        keys = {key: c.id for c in records for key in _keys(c)}
        if known := next((key for key in keys if key in self._known), None):
            return self._leave(records, known[0], self._known[known])
        near = [(c, shingles) for c in records if self._near and len(shingles := _shingles(c.article))]
        sketched = [(self._of(c.lang), c, shingles, _sketch(shingles)) for c, shingles in near]
        for articles, _, shingles, sketch in sketched:
            if other := articles.alike(shingles, sketch):
                return self._leave(records, NEAR_DUPLICATE, other.id)
        for articles, character, _, sketch in sketched:
            articles.add(character, sketch)
        self._known |= keys
        self.records |= {(c.id, c.lang): c for c in records}
        return ""

    def _of(self, lang: str) -> "_Articles":
        assert self._near
        return self._articles.setdefault(lang, _Articles(self._near))

    def _leave(self, records: Sequence[Character], reason: str, other: str) -> str:
        """Leave a character out for the reason that it is, or may be, the `other` one."""
        pairs = [(kept, c) for c in records if (kept := self.records.get((other, c.lang)))]
        named_alike = any(names(kept) & names(c) for kept, c in pairs)
        if reason == SAME_PAGE or (reason == NEAR_DUPLICATE and named_alike):
            for kept, c in pairs:
                more = dict.fromkeys((*kept.aliases, c.label, *c.aliases))
                self.records[kept.id, kept.lang] = replace(kept, aliases=tuple(n for n in more if n != kept.label))
        return reason


def _keys(character: Character) -> Iterator[tuple[str, ...]]:
    """What nobody else may have, behind the reason that it is."""
    # Redirects lead several characters to a page, and each to a section of its own.
    if character.page:
        yield SAME_PAGE, character.lang, character.page.url, character.article
    yield SAME_INTRODUCTION, character.lang, fold(character.label), fold(character.description)


class _Articles:
    """A language's articles, indexed so that one is compared only with what may be alike (MinHash LSH)."""

    def __init__(self, near: float) -> None:
        from datasketch import MinHashLSH

        rows = max(r for r in range(1, PERMUTATIONS + 1) if (1 - near**r) ** (PERMUTATIONS // r) <= MISSED)
        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=(PERMUTATIONS // rows, rows))
        self._characters: list[Character] = []
        self._near = near

    def add(self, character: Character, sketch: "MinHash") -> None:
        self._index.insert(len(self._characters), sketch)
        self._characters.append(character)

    def alike(self, shingles: Shingles, sketch: "MinHash") -> Character | None:
        """The first character added whose article is a near-duplicate."""
        found = (self._characters[place] for place in sorted(self._index.query(sketch)))
        return next((c for c in found if _jaccard(shingles, _shingles(c.article)) >= self._near), None)


def _jaccard(a: Shingles, b: Shingles) -> float:
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)


def _sketch(shingles: Shingles) -> "MinHash":
    from datasketch import MinHash

    sketch = MinHash(num_perm=PERMUTATIONS, hashfunc=int)
    sketch.update_batch((shingles >> np.uint64(32)).tolist())
    return sketch


def _shingles(text: str) -> Shingles:
    """The set of the text's runs of five words, of the whole text where it is shorter, as hashes in order.

    All runs are hashed at once: a run's polynomial in its characters is a difference of two sums from the beginning.
    """
    said = _word().findall(text)
    if not said:
        return np.empty(0, np.uint64)
    codes = np.frombuffer(f" {' '.join(said)} ".encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    gaps = np.flatnonzero(codes == ord(" "))
    size = min(SHINGLE, len(said))
    begins, ends = gaps[: len(said) - size + 1], gaps[size : len(said) + 1]
    powers, inverses = (np.cumprod(np.full(len(codes), base, np.uint64)) for base in (BASE, INVERSE))
    sums = np.cumsum(codes * inverses)
    return np.unique((sums[ends] - sums[begins]) * powers[begins])


@cache
def _word() -> re.Pattern[str]:
    """Matches each word. Marks beyond U+FFFF, all of rare scripts, pass for letters: so it is ten times faster."""
    marks = (chr(c) for c in range(0x10000) if unicodedata.category(chr(c))[0] == "P")
    alone = HAN + re.escape(string.punctuation + "".join(marks))
    return re.compile(rf"[^\s{alone}]+|\S")
