"""Wikitext made safe to parse, in time linear in its length: what is no prose goes, what is left stands in pairs.

`mwparserfromhell` takes time quadratic in what is opened and never closed. So comments, tags, styles and
unpaired brackets are resolved here, and tables, lists, references, files, categories and templates that
are no part of a sentence are dropped; wikilinks and a few templates are left to the parser.
"""

import re
from typing import Final

from ditto.characters.templates import is_shown

# Where something was. No text has it, since control characters are dropped first; to the parser, NUL is the end.
HOLE: Final = "\x01"
# Controls, lone surrogates, byte order mark, and marks that turn or embed directions. Joiners of emoji and of
# Indic and Persian scripts stay.
CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
COMMENT: Final = re.compile(r"(?>(?<=\n)[ \t]*<!--.*?-->)[ \t]*\n|<!--.*?(?:-->|\Z)", re.DOTALL)
TAG: Final = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<rest>(?:[\s/][^<>]*)?)>")
# Tags that go with all that is in them.
UNREAD: Final = frozenset(
    """ref references gallery math chem ce score timeline graph imagemap syntaxhighlight source templatestyles
    templatedata includeonly table ul ol dl hiero maplink mapframe categorytree inputbox indicator style script pre
    """.split()
)
BREAKS: Final = frozenset("p div blockquote center hr h1 h2 h3 h4 h5 h6".split())
MAGIC: Final = re.compile(r"__[^\Wa-z]{2,40}?__")  # __NOTOC__ in any language
QUOTES: Final = re.compile("('{2,})")
# Templates' parameters, {{{name|default}}}, which only templates have.
PARAMETER: Final = re.compile(r"\{\{\{(?>[^{}|]*)\|?((?>[^{}]*))\}\}\}")
# A line of nothing but links with a word and a colon before their title: categories and the like, in any language.
LABELS: Final = re.compile(r"^(?>[ \t]*\[\[(?>[^\[\]|:\n]+):[^\s\[\]|][^\[\]\n]*\]\])+[ \t]*$", re.MULTILINE)
EXTERNAL: Final = re.compile(r"\[(?>(?:[A-Za-z][A-Za-z0-9+.-]*:)?)//(?>[^\s\[\]]*)([^\[\]\n]*)\]")
TOKEN: Final = re.compile(
    r"(?P<template>\{\{)|(?P<link>\[\[)|(?P<table>^[ \t:]*\{\|(?!\}))|\}\}|\]\]|^[ \t]*\|\}(?!\})", re.MULTILINE
)
CLOSES: Final = {"}}": "template", "]]": "link", "|}": "table"}
SINGLE: Final = {ord(sign): f"&#{ord(sign)};" for sign in "[]{}<>"}  # beside tokens they are text
DEEPEST: Final = 30  # levels of nesting; the parser goes down to 40
UNLISTED: Final = re.compile(rf"^{HOLE}*(?:[*#:;|].*$|-{{4,}})", re.MULTILINE)
# What is left of them is text. The parser overflows its stack on a heading of many equals signs.
STARTS: Final = re.compile(r"^[=*#:;-]", re.MULTILINE)
MEDIA: Final = re.compile(
    r".*\.(?:jpe?g|png|svg|gif|tiff?|webp|xcf|pdf|djvu|og[gvax]|opus|webm|wav|mp[34g]|mid|flac|stl)", re.IGNORECASE
)
LANGUAGE: Final = re.compile(r"(?:[a-z]{2,3}|simple)(?:-[a-z-]+)?")
# Namespaces of files and categories, for links in the middle of a line.
NAMESPACES: Final = frozenset(
    """category kategorie catégorie categoría categoria categorie kategoria kategori kategória kategorija kategorio
    категория категорія категорија κατηγορία luokka 分类 分類 カテゴリ 분류 تصنيف رده קטגוריה श्रेणी বিষয়শ্রেণী
    หมวดหมู่ file image media datei bild fichier archivo imagen ficheiro imagem файл изображение 文件 檔案 档案 图像 圖像
    ファイル 画像 파일 그림 ملف صورة پرونده קובץ plik bestand immagine fil tập_tin dosya
    """.split()
)


def clean(text: str) -> str:
    """The text without comments and control characters, its lines ended by line feeds."""
    return COMMENT.sub("", CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def prose(text: str) -> str:
    """The wikitext of what is read as running text, HOLE where something was dropped in the middle of it.

    `text` is clean. What is left holds balanced [[links]], {{templates}} and &entities; and no other markup.
    """
    text = MAGIC.sub(HOLE, PARAMETER.sub(r"\1", _untagged(text)))
    text = "\n".join(map(_unstyled, LABELS.sub("", text).split("\n")))
    text = UNLISTED.sub("\n", _paired(EXTERNAL.sub(lambda link: link[1].strip() or HOLE, text)))
    return STARTS.sub(lambda sign: f"&#{ord(sign[0])};", text)


def _untagged(text: str) -> str:
    kept, at, endless = [], 0, set[str]()
    while tag := TAG.search(text, at):
        name = tag["name"].lower()
        kept.append(text[at : tag.start()])
        at = tag.end()
        if name in BREAKS:
            kept.append("\n\n")
        elif name == "br":
            kept.append(" ")
        elif _holds(name) and not tag["end"] and not tag["rest"].endswith("/") and name not in endless:
            if end := re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, at):
                kept.append(_literal(text[at : end.start()]) if name == "nowiki" else HOLE)
                at = end.end()
            else:
                endless.add(name)
        elif name == "ref":
            kept.append(HOLE)
    return "".join([*kept, text[at:]])


def _holds(name: str) -> bool:
    return name in UNREAD or name == "nowiki"


def _literal(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"[^\w\s]|_", lambda sign: f"&#{ord(sign[0])};", text)


def _unstyled(line: str) -> str:
    """Without the quotes of bold and italics, by MediaWiki's rules of which apostrophes are meant (l'''Odissea'')."""
    words = QUOTES.split(line)
    lengths = [len(quotes) for quotes in words[1::2]]
    spare = [1 if n == 4 else max(0, n - 5) for n in lengths]
    bold = [i for i, n in enumerate(lengths) if n >= 3]
    if len(bold) % 2 and sum(n == 2 or n >= 5 for n in lengths) % 2:
        three = [i for i in bold if lengths[i] <= 4]
        if three:
            spare[min(three, key=lambda i: _oddity(words[2 * i]))] += 1
    words[1::2] = ["'" * n for n in spare]
    return "".join(words)


def _oddity(before: str) -> int:
    """How unlikely it is that an apostrophe follows: least after a word of one letter, most after a space."""
    if before.endswith(" "):
        return 2
    return 0 if before[-2:-1] == " " else 1


def _paired(text: str) -> str:
    """Brackets that pair off, and what is dropped within them; the others go.

    A frame is what is open: its kind and what was read since.
    """
    frames: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    for token in TOKEN.finditer(text):
        frames[-1][1].append(text[at : token.start()].translate(SINGLE))
        at = token.end()
        if token.lastgroup:
            if len(frames) <= DEEPEST:
                frames.append((token.lastgroup, []))
        elif (kind := CLOSES[token[0].strip()]) in [frame[0] for frame in frames]:
            while frames[-1][0] != kind:
                _give_up(frames)
            content = "".join(frames.pop()[1])
            frames[-1][1].append(_closed(kind, content))
    frames[-1][1].append(text[at:].translate(SINGLE))
    while len(frames) > 1:
        _give_up(frames)
    return "".join(frames[0][1])


def _give_up(frames: list[tuple[str, list[str]]]) -> None:
    """The innermost frame is never closed: what it opened goes, of a template the rest of its first line too."""
    kind, parts = frames.pop()
    text = "".join(parts)
    if kind != "link":
        _, line, rest = text.partition("\n")
        text = HOLE + line + rest
    frames[-1][1].append(text)


def _closed(kind: str, content: str) -> str:
    if kind == "table":
        return "\n\n"
    if kind == "link" and not _is_file(content) and "\n\n" in content:
        return content
    line = content.replace("\n", " ").strip().removeprefix(":")
    if kind == "template":
        return f"{{{{{line}}}}}" if is_shown(line.partition("|")[0]) else HOLE
    hidden = not content.strip(" |") or _is_file(content) or _is_label(content)
    return HOLE if hidden else f"[[{line}]]"


def _is_file(link: str) -> bool:
    target = link.partition("|")[0].strip()
    return ":" in target[1:] and not target.startswith(":") and bool(MEDIA.fullmatch(target))


def _is_label(link: str) -> bool:
    """Whether a link shows nothing where it stands: a category, or the article in another language."""
    target, pipe, _ = link.partition("|")
    namespace, colon, _ = target.strip().partition(":")
    if not colon:
        return False
    return namespace.strip().casefold() in NAMESPACES or (not pipe and bool(LANGUAGE.fullmatch(namespace)))
