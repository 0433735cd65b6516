"""An article's sentences, with ids that last: `Q42/en/s3` is the third sentence of Q42's English article.

Where a stop may belong to an initial, an abbreviation or an ordinal it ends nothing: two sentences taken for one
are still evidence, half a sentence is not. An empty line always ends one; a language without stops, such as
Thai, has its paragraphs for sentences.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from typing import Final

from ditto.records import Character, Claim

STOPS: Final = "。｡！？．।॥؟۔։።፧။។"  # these end a sentence whatever follows
SPACED: Final = ".!?…"  # these where white space follows
CLOSING: Final = r"\"'”’»›)\]）］」』】》〉｣"
OPENING: Final = r"\"'“”„‘’«»‹›(\[{（「『【《〈¿¡—–-"
END: Final = re.compile(
    rf"(?<![{SPACED}])(?P<spaced>[{SPACED}]++)[{CLOSING}“«]*+(?=\s|\Z)"
    rf"|(?!．\d)[{STOPS}][{STOPS}{SPACED}]*+[{CLOSING}]*+"
    r"|\n[^\S\n]*+(?=\n)"
)
NEXT: Final = re.compile(rf"[\s{OPENING}]*+(.)")
WORD: Final = re.compile(r"[^\s()\[\]{}\"'“”„‘’«»‹›,;:/–—-]+\Z")
LONGEST: Final = 16  # characters of the word before a stop that are looked at
# Stand before a name; none of them is likely to end a sentence in any of the larger languages.
BEFORE_NAMES: Final = frozenset(
    "mr mrs ms mx dr prof st ste sts sta sto jr sr rev hon gen col lt capt cpt maj sgt cmdr adm gov sen rep pres "
    "messrs mt ft vs cf ca approx bros dept univ inc ltd co corp al eds transl lit lat engl "
    "hl bzw sog inkl evtl ggf vgl geb gest chr bd hrsg str ing dipl "
    "mme mlle mm mgr sig avv dott sra srta srto dra exmo mons aprox av mevr dhr mw "
    "гг вв им ул др проф акад ген род ум англ нем фр лат греч итал исп кит яп рус укр тыс млн "
    "św ks ur zm tzw np ang hab sv tzv např nar zem".split()
)
BEFORE_NUMBERS: Final = frozenset(
    "no nos nr n° vol vols pp op ch fig art núm pág num стр рис "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


def sentences(character: Character) -> tuple[Claim, ...]:
    """The article's sentences in its very words, as claims without a property, numbered from 1."""
    article = character.article
    return tuple(
        Claim(id=f"{character.id}/{character.lang}/s{number}", property="", value=article[start:stop])
        for number, (start, stop) in enumerate(spans(article), start=1)
    )


def place(character: Character, quote: str) -> str | None:
    """The id of the sentence in which the quote first stands, of the first and the last where it spans several
    (`Q42/en/s3-s4`); None where it does not stand in the article. White space may differ.
    """
    article, words = character.article, " ".join(quote.split())
    at = " ".join(article.split()).find(words)
    if at < 0 or not words:
        return None
    stops, behind = list[int](), 0
    for start, stop in spans(article):
        gap = bool(stops) and start > behind
        stops.append((stops[-1] if stops else 0) + gap + len(" ".join(article[start:stop].split())))
        behind = stop
    first, last = (bisect_right(stops, offset) + 1 for offset in (at, at + len(words) - 1))
    return f"{character.id}/{character.lang}/s{first}" + (f"-s{last}" if last > first else "")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence begins and ends: between them is nothing but white space."""
    begin = 0
    for end in chain(_ends(text), [len(text)]):
        part = text[begin:end]
        if kept := part.strip():
            start = begin + len(part) - len(part.lstrip())
            yield start, start + len(kept)
        begin = end


def _ends(text: str) -> Iterator[int]:
    return (match.end() for match in END.finditer(text) if not match["spaced"] or _ended(text, match))


def _ended(text: str, match: re.Match[str]) -> bool:
    """Whether a stop before white space ends a sentence."""
    found = NEXT.match(text, match.end())
    following = found[1] if found else ""
    # Georgian letters count as lower case, but there is no upper case that a sentence would begin with.
    if following.islower() and following.title() != following:
        return False
    word = WORD.search(text, max(0, match.start() - LONGEST), match.start())
    return match["spaced"] != "." or not word or not _abbreviates(word[0], following)


def _abbreviates(word: str, following: str) -> bool:
    if word.isdigit():
        return len(word) <= 2  # "3. März"
    # One letter, with its vowel signs in scripts that have them; not that of "1990s".
    initial = sum(map(str.isalpha, word)) == 1 and not any(map(str.isdigit, word))
    dotted = "." in word and all(len(part) <= 2 and part.isalpha() for part in word.split("."))
    known = word.lower() in BEFORE_NAMES or (word.lower() in BEFORE_NUMBERS and following.isdigit())
    return initial or dotted or known
