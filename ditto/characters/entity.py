"""What a Wikidata entity says of itself, in the shape of Wikibase's JSON."""

from collections.abc import Mapping
from typing import Any

Entity = Mapping[str, Any]
