import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

from ditto.characters import entity
from ditto.characters.criteria import Criteria, fits
from ditto.characters.entity_dump import EntityDump
from ditto.characters.languages import Language, language
from ditto.errors import ConfigError, DataError
from tests.characters.dumps import KINDS, entity_dump, entity_lines, packed, page_dump
from tests.characters.kill import counted, cut, killed
from tests.characters.wiki import WORLD

EN, ZH, AR = language("en"), language("zh"), language("ar")
CLASSES = {"Q5": {"Q5"}, "Q15632617": {"Q15632617", "Q900000001", "Q900000002", "Q900000003"}}
BROKEN = {4: b'{"type":"item","id":"Q77","labels', 9: b"no JSON", 20: b'{"type":"item","id":"Q7","claims":{"P279":[}}'}


def wanted(name: str, languages: Sequence[Language] = (EN, ZH), **more: bool) -> Criteria:
    settings = {"complete": True, "living": True} | more
    return Criteria((name,), tuple(languages), settings["complete"], settings["living"], 5)


BOTH = [wanted(name) for name in CLASSES]


def plainly(criteria: Criteria) -> list[str]:
    """The same choice, of all entities at once."""
    classes = CLASSES[criteria.classes[0]]
    found = [one for one in WORLD.values() if fits(one, criteria, classes)]
    found.sort(key=lambda one: (-entity.n_sitelinks(one), entity.number(one["id"])))
    return [one["id"] for one in found[: criteria.n]]


def opened(path: Path, folder: Path) -> EntityDump:
    return EntityDump(path, folder / "work", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_best_known_that_fit_are_chosen_from_dumps_of_every_kind(tmp_path: Path, kind: str) -> None:
    chosen = opened(entity_dump(tmp_path, kind), tmp_path).choose(BOTH)
    assert chosen == [plainly(one) for one in BOTH]
    assert all(chosen)


@pytest.mark.parametrize("languages", [(EN,), (AR, EN), (ZH, EN, AR)])
@pytest.mark.parametrize(("complete", "living"), [(True, False), (False, True)])
def test_the_choice_is_that_of_plain_python(
    tmp_path: Path, languages: tuple[Language, ...], complete: bool, living: bool
) -> None:
    criteria = [wanted(name, languages, complete=complete, living=living) for name in CLASSES]
    expected = [plainly(one) for one in criteria]
    dump = opened(entity_dump(tmp_path), tmp_path)
    if all(expected):
        assert dump.choose(criteria) == expected
    else:
        with pytest.raises(
            DataError, match=r"Nobody in .* fits: no member of Q5 has label, description and article in ar"
        ):
            dump.choose(criteria)


def test_entities_and_the_labels_they_need_are_read_in_one_pass(tmp_path: Path) -> None:
    path = entity_dump(tmp_path)
    dump = opened(path, tmp_path)
    chosen = [*chain.from_iterable(dump.choose(BOTH)), "Q900000901"]
    entities = list(dump.entities(chosen))
    path.write_bytes(b"")  # nothing more is read of it
    assert entities == [WORLD[name] for name in chosen[:-1]] == list(dump.entities(chosen))
    needed = sorted(set[str]().union(*map(entity.referenced, entities)))
    labels = dump.labels(needed, EN.names)
    assert labels == {
        name: {code: one["value"] for code, one in WORLD[name]["labels"].items() if code in EN.names}
        for name in needed
        if name in WORLD
    }
    assert labels["P31"] == {"en": "instance of"}
    assert set(needed) - set(labels) == {"Q900009999"}


def test_labels_nobody_refers_to_cost_another_pass(tmp_path: Path) -> None:
    dump = opened(entity_dump(tmp_path), tmp_path)
    assert dump.labels(["Q84", "Q173746", "P18"], ["zh", "en"]) == {
        "Q84": {"zh": "伦敦", "en": "London"},
        "Q173746": {"en": "Wonder Woman"},
        "P18": {"zh": "图像", "en": "image"},
    }


def with_broken() -> list[bytes]:
    lines = entity_lines()
    for number, line in sorted(BROKEN.items()):
        lines.insert(number - 1, line)
    return lines


@pytest.mark.parametrize("kind", ["members", "streams"])
def test_broken_lines_are_named_and_take_nothing_else_with_them(tmp_path: Path, kind: str) -> None:
    dump = opened(entity_dump(tmp_path, kind, with_broken()), tmp_path)
    assert dump.choose(BOTH) == [plainly(one) for one in BOTH]
    assert dump.broken == {4: "no JSON object", 9: "no JSON object", 20: "no JSON"}


def test_what_is_json_but_no_entity_is_broken(tmp_path: Path) -> None:
    odd = [b'{"claims":["P279"]},', b'{"id":7,"x":"P279"},']
    lines = entity_lines()
    dump = opened(entity_dump(tmp_path, "gzip", [lines[0], lines[1], *odd, *lines[2:]]), tmp_path)
    assert dump.choose([wanted("Q5")]) == [plainly(wanted("Q5"))]
    assert dump.broken == {3: "no entity (KeyError)", 4: "no entity (TypeError)"}


def test_keys_may_stand_in_another_order_with_spaces_between(tmp_path: Path) -> None:
    lines = [
        line.replace(b'{"type":"item",', b'{ "pageid": 7, "title": "x", "type": "item", ') for line in entity_lines()
    ]
    assert opened(entity_dump(tmp_path, "plain", lines), tmp_path).choose([wanted("Q5")]) == [plainly(wanted("Q5"))]


def test_who_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    lines = entity_lines()
    dump = opened(entity_dump(tmp_path, "gzip", [lines[0], *lines[1:-1], b",", *lines[1:-1], b"]"]), tmp_path)
    chosen = dump.choose([wanted("Q5")])
    assert chosen == [plainly(wanted("Q5"))]
    assert list(dump.entities(chosen[0])) == [WORLD[name] for name in chosen[0]]


WORK = """
from pathlib import Path
from tests.characters.test_entity_dump import BOTH, chain, opened
dump = opened(Path(sys.argv[1]), Path(sys.argv[2]))
list(dump.entities([*chain.from_iterable(dump.choose(BOTH))]))
"""


@pytest.mark.parametrize(("whole", "more"), [(0, 1), (1, 0), (1, 2)])
def test_killed_in_any_pass_it_goes_on_and_reads_no_block_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int, more: int
) -> None:
    """Killed behind so many whole passes, and blocks of the next one."""
    path, size = entity_dump(tmp_path, "members"), 1 << 14
    places = cut(path, size, monkeypatch)
    assert killed(WORK, [str(path), str(tmp_path)], whole * (len(places) + 1) + more, size)
    read, dump = counted(monkeypatch), opened(path, tmp_path)
    chosen = dump.choose(BOTH)
    entities = list(dump.entities([*chain.from_iterable(chosen)]))
    assert read == [*places, *places][whole * len(places) + more :]
    undisturbed = EntityDump(path, tmp_path / "undisturbed", 2)
    assert chosen == undisturbed.choose(BOTH)
    assert entities == list(undisturbed.entities([*chain.from_iterable(chosen)]))
    needed = sorted(set[str]().union(*map(entity.referenced, entities)))
    assert dump.labels(needed, ZH.names) == undisturbed.labels(needed, ZH.names)


def test_a_dump_that_changed_is_read_anew(tmp_path: Path) -> None:
    path = entity_dump(tmp_path, "gzip", [b"[", *entity_lines()[40:]])
    with pytest.raises(ConfigError, match="has no item 'Q5'"):
        opened(path, tmp_path).choose([wanted("Q5")])
    entity_dump(tmp_path)
    assert opened(path, tmp_path).choose([wanted("Q5")]) == [plainly(wanted("Q5"))]


def test_a_class_that_the_dump_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"characters\.classes: .*latest-all\.json\.gz has no item 'Q999'\.$"):
        opened(entity_dump(tmp_path), tmp_path).choose([wanted("Q999")])


def test_no_result(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"Nobody in .* fits: no member of Q84 has label, description and article in en, zh\.$"
    ):
        opened(entity_dump(tmp_path), tmp_path).choose([wanted("Q84")])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [0.999, 0.6])
def test_a_truncated_dump(tmp_path: Path, kind: str, left: float) -> None:
    path = entity_dump(tmp_path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left) - 3])
    with pytest.raises(DataError, match=r"latest-all\.json.* is truncated: .*[Ff]etch it again\.$"):
        opened(path, tmp_path).choose([wanted("Q5")])


def test_a_dump_that_ends_whole_but_early(tmp_path: Path) -> None:
    """As one does that was fetched up to the end of a member."""
    path = entity_dump(tmp_path, "gzip", entity_lines()[:-1])
    with pytest.raises(DataError, match=r"is truncated: its last line is no '\]'\. Fetch it again\.$"):
        opened(path, tmp_path).choose([wanted("Q5")])


def test_a_damaged_dump(tmp_path: Path) -> None:
    path = entity_dump(tmp_path, "bzip2")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"is damaged near byte [\d,]+: fetch it again\.$"):
        opened(path, tmp_path).choose([wanted("Q5")])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<mediawiki>", "is XML: entities are read from Wikidata's JSON dump"),
        (b"[\n" + b'{"type":"lexeme","id":"L1"}\n]\n', "is a dump of another kind, of lexemes"),
        (b"<http://www.wikidata.org/entity/Q1> a .", "is XML"),
        (b'{"id": "Q42", "label": "Douglas Adams"}\n', "is no JSON dump of Wikidata: it begins with"),
        (b"[1, 2]", "is no JSON dump of Wikidata: it begins with"),
        (b"", "is empty: give a dump"),
    ],
)
def test_files_mixed_up(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "latest-all.json.gz"
    path.write_bytes(packed(content, "gzip"))
    with pytest.raises(DataError, match=said):
        opened(path, tmp_path)


def test_a_wikipedia_is_no_wikidata(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"enwiki-.* is XML: entities are read from Wikidata's JSON dump"):
        opened(page_dump(tmp_path, "en"), tmp_path)


def test_the_work_folder_holds_no_more_than_the_candidates(tmp_path: Path) -> None:
    opened(entity_dump(tmp_path), tmp_path).choose([wanted("Q5")])
    (file,) = (tmp_path / "work").glob("candidates-*.sqlite")
    rows = sqlite3.connect(file).execute("SELECT id FROM candidates").fetchall()
    fitting = [one for one in WORLD.values() if fits(one, wanted("Q5"), WORLD)]
    assert {f"Q{number}" for (number,) in rows} == {one["id"] for one in fitting}
