"""The nano simulation on characters from every source: the nano world told as Wikidata and Wikipedia tell theirs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from omegaconf import DictConfig

from ditto.characters.entity import Entity
from ditto.errors import ConfigError
from ditto.nano import world as nano
from ditto.nano.world import LANGUAGES
from ditto.records import Character, Dialogue, read_jsonl, write_jsonl
from ditto.stages import characters, collect, simulate
from ditto.stages.check import check
from ditto.store import Store
from tests.characters.dumps import entity_dump, entity_lines, page_dump
from tests.characters.graph import graph, query_service
from tests.characters.services import Services
from tests.characters.wiki import WikiPage, an_item, item, statement
from tests.stages.conftest import composed

KIND = "Q15632617"
Told = dict[str, Character]


class Wiki(NamedTuple):
    """Nano characters as entities with their words, and their articles by wiki and title."""

    world: dict[str, Entity]
    pages: dict[tuple[str, str], WikiPage]


def wiki() -> Wiki:
    personas = [{code: nano.character(persona, code) for code in LANGUAGES} for persona in nano.world().train[:12]]
    words: dict[tuple[str, ...], str] = {}  # ids of properties and values, by their labels

    def id_of(kind: str, texts: tuple[str, ...]) -> str:
        return words.setdefault((kind, *texts), f"{kind}{9000 + len(words)}")

    def claims(told: Told) -> Iterator[dict[str, Any]]:
        yield statement("P31", an_item(KIND))
        for same in zip(*(told[code].claims for code in LANGUAGES), strict=True):
            name = id_of("P", tuple(claim.property for claim in same))
            yield statement(name, an_item(id_of("Q", tuple(claim.value for claim in same))))

    people = [
        item(
            f"Q{100 + n}",
            labels={code: one.label for code, one in told.items()},
            descriptions={code: one.description for code, one in told.items()},
            claims=list(claims(told)),
            sitelinks={f"{code}wiki": f"{one.label} {n}" for code, one in told.items()},
        )
        for n, told in enumerate(personas)
    ]
    named = [item(name, labels=dict(zip(LANGUAGES, texts, strict=True))) for (_, *texts), name in words.items()]
    pages = {
        (code, f"{one.label} {n}"): WikiPage(f"{one.label} {n}", 1000 + n, one.article)
        for n, told in enumerate(personas)
        for code, one in told.items()
    }
    return Wiki({one["id"]: one for one in (item("Q5"), item(KIND), *people, *named)}, pages)


WIKI = wiki()
WANTED = [
    *("characters.classes=[Q15632617]", "characters.languages=[en,zh]", "characters.n_test=4"),
    *("characters.curation.min_words=3", "characters.curation.near=null"),
]


@pytest.fixture(scope="module")
def web() -> Iterator[list[str]]:
    with Services(*WIKI) as services, query_service(graph(WIKI.world.values())) as query:
        yield [
            *(f"characters.web.query={query.address}", f"characters.web.wikidata={services.wikidata}"),
            *(f"characters.web.wikipedia='{services.wikipedia}'", "characters.web.contact=us@example.org"),
        ]


def from_services(_: Path, web: list[str]) -> list[str]:
    return ["characters=wikidata", *WANTED, *web]


def from_dumps(folder: Path, _: list[str]) -> list[str]:
    entities = entity_dump(folder, lines=entity_lines(WIKI.world.values()))
    pages = ", ".join(f"{code}: {page_dump(folder, code, pages=WIKI.pages)}" for code in LANGUAGES)
    return ["characters=wikidata_dump", *WANTED, f"characters.entities={entities}", f"characters.pages={{{pages}}}"]


def from_a_file(folder: Path, _: list[str]) -> list[str]:
    people = [
        Character(**{**_fields(nano.character(persona, code)), "id": f"Q{100 + n}"})
        for n, persona in enumerate(nano.world().train[:12])
        for code in LANGUAGES
    ]
    write_jsonl(folder / "people.jsonl", people)
    return ["characters=jsonl", f"characters.path={folder / 'people.jsonl'}", "characters.n_test=4"]


def added(folder: Path, web: list[str]) -> list[str]:
    mira = nano.character(nano.world().train[12], "en")
    claims = {claim.property: claim.value for claim in mira.claims}
    said = {"label": mira.label, "description": mira.description, "claims": claims, "article": mira.article}
    (folder / "mira.yaml").write_text(yaml.safe_dump(said), "utf-8")
    add = f"characters.add=[Q100,'{WIKI.world['Q101']['labels']['en']['value']}',{folder / 'mira.yaml'}]"
    return ["characters=add", add, "characters.base.n_train=2", "characters.base.n_test=4", *web]


def _fields(character: Character) -> dict[str, Any]:
    return {name: getattr(character, name) for name in Character.__dataclass_fields__}


@pytest.fixture
def told(tmp_path: Path, web: list[str]) -> Callable[[Any], dict[tuple[str, str], list[tuple[str, str]]]]:
    """The simulation's turns by character."""

    def run(source: Any) -> dict[tuple[str, str], list[tuple[str, str]]]:
        cfg: DictConfig = composed(tmp_path / "out", *source(tmp_path, web))
        _, supervisor = check(cfg)
        store = Store(cfg.paths.root)
        made = simulate.run(cfg, store, characters.run(cfg, store), supervisor)
        dialogues = read_jsonl(made.path / "dialogues.jsonl", Dialogue)
        return {(d.character, d.lang): [(turn.query, turn.response) for turn in d.turns] for d in dialogues}

    return run


def test_characters_alone_need_nobody_kept_apart(tmp_path: Path) -> None:
    cfg = composed(tmp_path / "out", *from_a_file(tmp_path, []), "characters.n_test=0")
    folder = collect.run(cfg)
    assert len(list(read_jsonl(folder / "train.jsonl", Character))) == 24
    assert not (folder / "test.jsonl").read_bytes()
    assert "Held out" not in (folder / characters.SHEET).read_text("utf-8")
    with pytest.raises(
        ConfigError, match=r"^characters\.n_test=0 keeps nobody apart, whom a study asks: give 4 or more"
    ):
        characters.run(cfg, Store(cfg.paths.root))
    write_jsonl(tmp_path / "apart.jsonl", [replace(nano.character(nano.world().test[0], "en"), id="apart")])
    cfg.characters.test_path = str(tmp_path / "apart.jsonl")
    assert [c.id for c in characters.run(cfg, Store(cfg.paths.root)).split.test] == ["apart"]


@pytest.mark.parametrize("side", ["train", "test"])
def test_who_is_added_may_be_asked_beside_nobody(side: str, tmp_path: Path) -> None:
    (tmp_path / "mira.yaml").write_text("label: Mira\ndescription: smuggler\n", "utf-8")
    write_jsonl(tmp_path / "people.jsonl", [nano.character(nano.world().train[0], "en")])
    base = ["characters@characters.base=jsonl", f"characters.base.path={tmp_path / 'people.jsonl'}"]
    add = ["characters=add", f"characters.add=[{tmp_path / 'mira.yaml'}]", f"characters.side={side}"]
    cfg = composed(tmp_path / "out", *add, *base, "characters.base.n_test=0")
    if side == "test":
        assert [c.label for c in characters.run(cfg, Store(cfg.paths.root)).split.test] == ["Mira"]
    else:
        with pytest.raises(ConfigError, match="keeps nobody apart"):
            characters.run(cfg, Store(cfg.paths.root))
        assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_every_source_is_simulated_the_same(told: Callable[[Any], Any]) -> None:
    by_file = told(from_a_file)
    assert len(by_file) == 16
    assert told(from_services) == by_file
    assert told(from_dumps) == by_file


@pytest.mark.slow
def test_added_characters_are_simulated_beside_the_others(told: Callable[[Any], Any]) -> None:
    turns = told(added)
    assert {"Q100", "Q101", "mira"} < {character for character, _ in turns}
    assert all(turns.values())
