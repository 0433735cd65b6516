"""`characters=wikidata`: the best known members of classes, by Wikidata's query service, its API and Wikipedia's."""

from dataclasses import dataclass

from ditto.characters import sparql
from ditto.characters.collect import collect
from ditto.characters.live import Live, Wikimedia, check_languages
from ditto.characters.wanted import Wanted
from ditto.records import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class WikidataCharacters(Wanted):
    """Chosen by SPARQL, then collected. What the services answered is kept, so a second run asks nothing."""

    web: Wikimedia

    @property
    def identity(self) -> str:
        return f"wikidata/{self.wanted}/{self.web.identity}"

    def split(self) -> Split:
        with self.web.client() as client:
            check_languages(client, self.web, self.spoken)
            ids = [one for criteria in self.criteria for one in sparql.choose(client, self.web.query, criteria)]
            route = Live(client, self.web, self.spoken)
            found = collect(route, list(dict.fromkeys(ids)), self.spoken, complete=self.complete)
        return self.split_of(found)
