"""Wikipedia's markup as plain text: paragraphs and headings.

Left out are references, tables, boxes, files, lists, categories, and sections without prose. What is
read inside a sentence is resolved by `mwparserfromhell`, after `source` has made it safe to parse.
No input is refused; what is no wikitext comes out as the text that it is.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import mwparserfromhell
from mwparserfromhell.nodes import ExternalLink, HTMLEntity, Template, Text, Wikilink
from mwparserfromhell.parser import ParserError
from mwparserfromhell.wikicode import Wikicode

from ditto.characters import templates
from ditto.characters.languages import VARIANTS
from ditto.characters.source import CONTROL, HOLE, clean, prose

REDIRECT: Final = re.compile(r"\s*#\s*[^\s\[\]{}|#:*]{2,40}(?>\s*:?\s*)\[\[([^\[\]{}|\n]+)(?:\|[^\[\]\n]*)?\]\]")
TEMPLATE: Final = re.compile(r"\{\{([^{}|\n]*)")
# -{flags|variant:text;variant:text}-, the innermost
CONVERTED: Final = re.compile(r"-\{([^{}]*)\}-")
FLAGS: Final = re.compile(r"\s*(?:[A-Z-]|[a-z]{2,3}(?:-[a-z]+)*)(?:\s*;\s*(?:[A-Z-]|[a-z]{2,3}(?:-[a-z]+)*))*\s*")
UNSHOWN: Final = frozenset("THD-")  # flags of rules that are only told, not shown
VARIANT: Final = re.compile(r"(?:[^:]*=>)?\s*([a-z]{2,3}(?:-[a-z]+)*)\s*:(.*)", re.DOTALL)
SIMPLEST: Final = VARIANTS["zh"]
# White space and separators with holes among them, and brackets with nothing but a hole in them.
WIDE: Final = "、，；"
SEPARATORS: Final = f",;،؛{WIDE}"
AROUND: Final = re.compile(rf"[\s{SEPARATORS}{HOLE}]+")
OPENING, CLOSING, STOPS = "([（［【", ")]）］】", ".)。"
EMPTY: Final = re.compile(rf"[(\[（［【]{HOLE}[)\]）］】]")
DISAMBIGUATION: Final = frozenset(
    """disambiguation disambig dab disamb disambiguation-page disambiguation-cleanup hndis
    human-name-disambiguation geodis place-name-disambiguation schooldis hospitaldis
    letter-number-combination-disambiguation numberdis mathdab begriffsklärung homonymie patronyme-homonymie
    personnes-homonymes desambiguación desambiguacion desambig desambiguação disambigua неоднозначность
    многозначность багатозначність doorverwijspagina ujednoznacznienie förgrening flertydig peker
    pekerside täsmennyssivu rozcestník rozlišovacia-stránka egyért egyértelműsítő dezambiguizare αποσαφήνιση
    anlam-ayrımı anlamayrımı пояснение вишезначна-одредница razdvojba višeznačna-odrednica razločitev nuorodinis
    täpsustuslehekülg argipen desambigua apartigilo discretiva disambiguasi trang-định-hướng định-hướng 消歧义
    消歧義 消歧义页 消歧義頁 人名消歧义 人名消歧義 地名消歧义 地名消歧義 aimai 曖昧さ回避 人名の曖昧さ回避
    地名の曖昧さ回避 동음이의 동음이의어-문서 توضيح صفحة-توضيح ابهام‌زدایی ابهامزدایی ضد-ابہام פירושונים
    बहुविकल्पी-शब्द बहुविकल्पी দ্ব্যর্থতা-নিরসন பக்கவழி-நெறிப்படுத்தல் แก้กำกวม บอกความกำกวม բազմիմաստություն
    მრავალმნიშვნელოვანი
    """.split()
)


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between two headings, as wikitext; the lead has level 0."""

    level: int
    heading: str
    body: str


def plain(text: str) -> str:
    """The prose of an article. Paragraphs and headings are a line each, with one empty line between them."""
    blocks, above = list[str](), list[tuple[int, str]]()
    for part in _sections(text):
        above = [one for one in above if one[0] < part.level]
        if part.level:
            above.append((part.level, _line(part.heading)))
        if paragraphs := _paragraphs(part.body):
            blocks += [heading for _, heading in above if heading] + paragraphs
            above.clear()
    return "\n\n".join(blocks)


def lead(text: str) -> str:
    """The prose before the first heading."""
    return "\n\n".join(_paragraphs(_sections(text)[0].body))


def section(text: str, heading: str) -> str | None:
    """The wikitext below a heading, with that of its subsections; None where there is no such heading."""
    parts, wanted = _sections(text), _line(heading).casefold()
    for start, part in enumerate(parts):
        if part.level and _line(part.heading).casefold() == wanted:
            below = parts[start + 1 :]
            n = next((n for n, other in enumerate(below) if other.level <= part.level), len(below))
            return "\n".join([part.body, *map(_whole, below[:n])])
    return None


def redirect(text: str) -> tuple[str, str] | None:
    """The title and the section ("" for none) a page leads to, in any language's word for #REDIRECT."""
    if not (found := REDIRECT.match(clean(text))):
        return None
    title, _, anchor = html.unescape(unquote(found[1])).replace("_", " ").partition("#")
    title = " ".join(title.split()).removeprefix(":").strip()
    return title[:1].upper() + title[1:], " ".join(anchor.split())


def is_disambiguation(text: str) -> bool:
    """Whether a page says by its templates that it only lists what its title may mean; known in big languages."""
    names = (templates.normal(name[1]).replace(" ", "-") for name in TEMPLATE.finditer(text))
    return "__DISAMBIG__" in text or any(name in DISAMBIGUATION for name in names)


def _sections(text: str) -> Sequence[Section]:
    """At least the lead. A heading ends whatever was left open before it."""
    found, lines = [(0, "")], list[list[str]]([[]])
    for line in clean(text).split("\n"):
        if line.startswith("=") and (heading := _heading(line.rstrip())):
            found.append(heading)
            lines.append([])
        else:
            lines[-1].append(line)
    return [Section(*heading, "\n".join(body)) for heading, body in zip(found, lines, strict=True)]


def _heading(line: str) -> tuple[int, str] | None:
    signs = (len(line) - len(line.lstrip("=")), len(line) - len(line.rstrip("=")))
    level = min(*signs, 6)
    return (level, line[level:-level]) if level and len(line) > 2 * level else None


def _whole(part: Section) -> str:
    signs = "=" * part.level
    return f"{signs}{part.heading}{signs}\n{part.body}"


def _paragraphs(text: str) -> list[str]:
    """The paragraphs that have a letter or a digit, a line each."""
    read = _chosen("".join(_read(prose(text))))
    tidied = (_tidied(paragraph) for paragraph in re.split(r"\n[ \t]*\n", read))
    return [line for line in tidied if any(sign.isalnum() for sign in line)]


def _line(text: str) -> str:
    """A heading as plain text."""
    return _tidied(_chosen("".join(_read(prose(text.strip())))))


def _read(text: str) -> Iterator[str]:
    try:
        code = mwparserfromhell.parse(text, skip_style_tags=True)
    except ParserError:  # the parser found itself in a state that cannot be
        yield re.sub(r"[\[\]{}]{2}", "", text)
    else:
        yield from _shown(code)


def _shown(code: Wikicode) -> Iterator[str]:
    """What of each node is seen."""
    for node in code.nodes:
        match node:
            case Text():
                yield node.value
            case HTMLEntity():
                yield CONTROL.sub("", html.unescape(str(node)))
            case Template():
                yield _in_sentence(node)
            case ExternalLink():
                yield from _shown(node.url)
            case Wikilink():
                yield from _shown(node.title if node.text is None else node.text)


def _in_sentence(template: Template) -> str:
    given = {_text(one.name): _text(one.value) for one in template.params}
    text = templates.shown(_text(template.name), given)
    return text or HOLE


def _text(code: Wikicode) -> str:
    return "".join(_shown(code)).strip()


def _chosen(text: str) -> str:
    """Chinese as one of its scripts: simplified where there are both, otherwise what is written first."""
    for _ in range(3):  # rules inside of rules
        text = CONVERTED.sub(lambda rule: _variant(rule[1]), text)
    return text


def _variant(rule: str) -> str:
    flags, bar, rest = rule.partition("|")
    if bar and FLAGS.fullmatch(flags):
        if set(flags) & UNSHOWN and len(flags) == 1:
            return HOLE
        rule = rest
    said = [VARIANT.fullmatch(one) for one in rule.split(";") if one.strip()]
    texts = {one[1]: one[2].strip() for one in said if one}
    if not texts or None in said:
        return rule
    return next(texts[code] for code in (*SIMPLEST, *texts) if code in texts)


def _tidied(text: str) -> str:
    """On one line, and as if what was dropped had never been there: no empty brackets, no lost commas."""
    if HOLE in text:
        for _ in range(3):  # brackets inside of brackets
            text = EMPTY.sub(HOLE, AROUND.sub(_closed_up, text))
        text = AROUND.sub(_closed_up, text).replace(HOLE, "")
    return " ".join(text.split())


def _closed_up(run: re.Match[str]) -> str:
    """White space, separators and holes in a row: what is left of them without the holes."""
    found, text = run[0], run.string
    if HOLE not in found:
        return found
    before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
    opened, closed = before in OPENING, after in CLOSING  # the ends of the text are in both, as "" is
    if opened or closed:
        return HOLE if opened and closed else ""
    separator = next((sign for sign in found if sign in SEPARATORS), "")
    apart = any(sign.isspace() for sign in found) and after not in STOPS and separator not in tuple(WIDE)
    return f"{separator} " if apart else separator
