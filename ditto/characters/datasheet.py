"""`characters.md`: what a set of characters is made of, for whoever uses it or passes it on."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import quote

import numpy as np

from ditto.characters.curation import words
from ditto.progress import Progress
from ditto.records import Character, Page, Split

CATEGORIES: Final = {"fictional": "fictional", "historical": "historical", "living": "living", "": "without category"}
RECORD: Final = "A record is one character in one language."
SIDES: Final = ("", "train", "test", "all")
MEASURES: Final = (
    "language",
    "no article",
    "median",
    "90%",
    "longest",
    "claims: median",
    "claims: 90%",
    "claims: most",
)
SHOWN: Final = 20  # of the characters held out
CC0: Final = "[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/)"
CC_BY_SA: Final = "[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/)"
MARKUP: Final = re.compile(r"[\\`*_\[\]<|~&:@$#]|(?<=www)\.")
# White space, control characters, and marks that turn the direction of what follows them.
UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def datasheet(split: Split, name: str, tokens: Callable[[str], int] = words) -> str:
    """The sheet as Markdown. Articles are measured in words, or in what `tokens` counts."""
    everybody = (*split.train, *split.test)
    dropped = sorted(split.dropped.items(), key=lambda item: (-item[1], item[0]))
    sections = {
        f"# Characters: {escape(name)}": f"{RECORD}\n\n{_table(SIDES, _counts(split))}",
        f"## Articles in {'words' if tokens is words else 'tokens'}": _table(MEASURES, _measured(everybody, tokens)),
        "## Left out": _table(("reason", "how many"), [(escape(why), f"{n:,}") for why, n in dropped]),
        "## Held out": "\n".join(_held_out(split.test)),
        "## Licences": "\n".join(_licences(everybody)),
    }
    return "\n".join(f"{title}\n\n{text}\n" for title, text in sections.items() if text)


def escape(text: str) -> str:
    """Text that Markdown shows letter by letter, on one line."""
    return MARKUP.sub(r"\\\g<0>", UNSEEN.sub(" ", text).strip())


def _counts(split: Split) -> list[list[str]]:
    """A line for the characters, those in all languages, those of each category, and the records of each language."""
    sides = [split.train, split.test, (*split.train, *split.test)]
    languages = sorted({c.lang for c in sides[-1]})
    rows = {"characters": [len({c.id for c in side}) for side in sides]}
    if len(languages) > 1:
        spoken = [Counter(c.id for c in side).values() for side in sides]
        rows[f"in each of {', '.join(map(escape, languages))}"] = [
            sum(n == len(languages) for n in side) for side in spoken
        ]
    for category, title in CATEGORIES.items():
        rows[title] = [len({c.id for c in side if c.category == category}) for side in sides]
    for lang in languages:
        rows[f"records in {escape(lang)}"] = [sum(c.lang == lang for c in side) for side in sides]
    return [[title, *(f"{n:,}" for n in row)] for title, row in rows.items() if row[-1] or title == "characters"]


def _measured(characters: Sequence[Character], tokens: Callable[[str], int]) -> list[list[str]]:
    lengths, claims = dict[str, list[int]](), dict[str, list[int]]()
    with Progress("articles measured", len(characters)) as progress:
        for c in characters:
            lengths.setdefault(c.lang, []).append(tokens(c.article))
            claims.setdefault(c.lang, []).append(len(c.claims))
            progress.advance()
    return [
        [escape(lang), f"{lengths[lang].count(0):,}", *_spread([n for n in lengths[lang] if n]), *_spread(claims[lang])]
        for lang in sorted(lengths)
    ]


def _spread(numbers: Sequence[int]) -> list[str]:
    """Median, 90% and most, each the number of one of them."""
    return [f"{np.quantile(numbers, q, method='inverted_cdf'):,}" if numbers else "" for q in (0.5, 0.9, 1)]


def _held_out(test: Sequence[Character]) -> Iterable[str]:
    rows = [
        (escape(c.lang), escape(c.label), escape(c.description), _link(c.page) if c.page else "") for c in test[:SHOWN]
    ]
    yield _table(("language", "label", "description", "article"), rows, "---")
    if len(test) > SHOWN:
        yield f"\nand {len(test) - SHOWN:,} more records, in `test.jsonl`."


def _licences(characters: Sequence[Character]) -> Iterable[str]:
    n_without = sum(c.page is None for c in characters)
    n_living = len({c.id for c in characters if c.category == "living"})
    if page := next((c.page for c in characters if c.page), None):
        yield f"- Labels, descriptions, aliases and claims are Wikidata's: {CC0}, no conditions."
        yield (
            f"- Articles and summaries are Wikipedia's, cut to plain text: {CC_BY_SA}. Whoever passes them on, whole "
            "or in part, names each article, links to it and to the licence, says what was changed, and gives what is "
            "made from them the same licence. `page` in `train.jsonl` and `test.jsonl` has the title, address and "
            f"revision of each. For instance: {_link(page)}, Wikipedia, CC BY-SA 4.0, cut to plain text."
        )
    if n_without:
        yield f"- Records that name no page: {n_without:,}. The licences of their source hold for them."
    if n_living:
        yield f"- Living people: {n_living:,}. They have rights in how they are portrayed."


def _link(page: Page) -> str:
    """The title, with the address of this very revision where there is one."""
    if not page.url.startswith(("https://", "http://")):
        return escape(page.title)
    address = quote(page.url, safe="%/:?&=#,@!'*~+$")
    revision = f"?oldid={page.revision}" if page.revision > 0 and "?" not in address else ""
    return f"[{escape(page.title)}]({address}{revision})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], column: str = "---:") -> str:
    """A Markdown table, the first column to the left; nothing where there are no rows."""
    lines = [head, ["---", *[column] * (len(head) - 1)], *rows] if rows else []
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
