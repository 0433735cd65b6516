"""Entities of Wikidata by its action API: https://www.wikidata.org/w/api.php?action=help&modules=wbgetentities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ditto.characters.batches import in_batches
from ditto.characters.entity import Entity
from ditto.characters.languages import Language
from ditto.characters.web import Client
from ditto.errors import DataError

PARTS: Final = "labels|descriptions|aliases|claims|sitelinks"
MOST_FOUND: Final = "50"


@dataclass(frozen=True, slots=True)
class Found:
    """An item that a search found, in the words of the language it was searched in; `exact` if called just so."""

    id: str
    label: str
    description: str
    exact: bool


def entities(client: Client, url: str, ids: Sequence[str], codes: Sequence[str]) -> Iterator[Entity]:
    """The entities in the order of their ids, each id once; those that are missing or deleted are left out.

    Labels, descriptions and aliases are those in the languages of the codes. A redirected id gives the entity it
    leads to.

    Raises:
        DataError: no such id can be, or the service gives no answer.
    """
    for found in _asked(client, url, ids, "entities of Wikidata", props=PARTS, languages="|".join(codes)):
        yield from found.values()


def labels(client: Client, url: str, ids: Sequence[str], codes: Sequence[str]) -> dict[str, dict[str, str]]:
    """The labels by id, which may be a redirected one, and language code.

    Raises:
        DataError: no such id or code can be, or the service gives no answer.
    """
    replies = _asked(client, url, ids, "labels of Wikidata", props="labels", languages="|".join(codes))
    return {
        name: {code: label["value"] for code, label in dict(entity["labels"]).items()}
        for found in replies
        for name, entity in found.items()
    }


def languages(client: Client, url: str) -> set[str]:
    """The codes of the languages that Wikidata has labels in.

    Raises:
        DataError: the service gives no answer, or is no Wikidata.
    """
    reply = client.action(url, action="query", meta="wbcontentlanguages", wbclcontext="term", wbclprop="code")
    codes = reply.get("query", {}).get("wbcontentlanguages")
    if not codes:
        raise DataError(f"{url} tells no languages that it has labels in: give the address of Wikidata's action API.")
    return set(codes)


def search(client: Client, url: str, text: str, lang: Language) -> list[Found]:
    """Items whose label or alias begins with the text; first those where it is the text, whatever its case.

    Raises:
        DataError: Wikidata has no such language, or the service gives no answer.
    """
    asked = {"search": text, "language": lang.code, "uselang": lang.code, "type": "item", "limit": MOST_FOUND}
    found = client.action(url, action="wbsearchentities", **asked)["search"]
    wanted = text.strip().casefold()
    named = [(hit.get("match", {}).get("text", "").casefold() == wanted, hit) for hit in found]
    named.sort(key=lambda one: not one[0])
    return [Found(hit["id"], hit.get("label", ""), hit.get("description", ""), exact) for exact, hit in named]


def by_title(client: Client, url: str, site: str, title: str) -> str | None:
    """The id of a Wikipedia article by its site ("enwiki") and title, in any of the title's spellings.

    Raises:
        DataError: Wikidata knows no such site, or the service gives no answer.
    """
    reply = client.action(url, action="wbgetentities", sites=site, titles=title, normalize="1", props="info")
    return next((entity["id"] for entity in reply["entities"].values() if "missing" not in entity), None)


def _asked(
    client: Client, url: str, ids: Sequence[str], what: str, **params: str
) -> Iterator[Mapping[str, dict[str, Any]]]:
    """Of each batch, the entities there are by the ids asked for, in their order."""

    def ask(batch: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        found = client.action(url, action="wbgetentities", ids="|".join(batch), **params)["entities"]
        return {name: found[name] for name in batch if "missing" not in found[name]}

    return client.each(ask, in_batches(ids), what)
