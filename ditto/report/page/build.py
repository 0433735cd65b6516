"""The page as one HTML file: its own style and script, the plots' library, and a study's data.

Texts come from models and the web. They are embedded as JSON whose `<` is escaped, or as base64 of gzip, neither of
which can end a script element; the page shows them as text nodes. Its content security policy lets nothing run but
its own two scripts, by their hashes, and nothing be fetched.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from string import Template
from typing import Any, Final

from plotly.offline import get_plotlyjs

from ditto.report.page.data import WHOLE, Cut, Json
from ditto.report.plain import without_nan

MOST: Final = 28_000_000  # bytes, of a page that is to stay below 30 MB
SCRIPTS: Final = ("base", "matrix", "plots", "tables", "transcripts", "start")
# What is cut first, where the texts are too much for a page: what judges wrote, then everything.
CUTS: Final = (WHOLE, *(Cut(n) for n in (1000, 400, 200, 100)), *(Cut(100, n) for n in (8000, 2000, 400, 100)))


def page(study: Json, chunks: Callable[[Cut], Mapping[str, Json]], most: int = MOST) -> str:
    """The page of a study. `chunks` are its texts by the name under which the script asks for them.

    Texts are cut where the page would be longer than `most` bytes, which it then says.
    """
    for cut in CUTS:
        packed = {name: pack(chunk) for name, chunk in chunks(cut).items()}
        html = _html(study | {"cut": {"replies": cut.replies, "texts": cut.texts}}, packed)
        if len(html) <= most:
            break
    return html


def pack(chunk: Json) -> str:
    """JSON in gzip in base64, equal for equal chunks."""
    return _zipped(_json(chunk))


def embedded(value: Any) -> str:
    """JSON that can stand in a script element."""
    return _json(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _html(study: Json, packed: Mapping[str, str]) -> str:
    script, (plotly, plotly_hash) = _script(SCRIPTS), _plotly()
    data = [f'<script type="application/json" id="study">{embedded(study)}</script>']
    data += [
        f'<script type="application/gzip" id="{escape(name)}">{text}</script>'
        for name, text in {**packed, "plotly": plotly}.items()
    ]
    return Template(_asset("page.html")).substitute(
        name=escape(study["study"]),
        policy=f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; base-uri 'none'; "
        f"form-action 'none'; script-src {_hash(script)} {plotly_hash}",
        style=_asset("page.css"),
        data="\n".join(data),
        script=script,
    )


@cache
def _plotly() -> tuple[str, str]:
    """The plots' library, packed, and its hash."""
    text = get_plotlyjs()
    return _zipped(text), _hash(text)


def _script(names: Sequence[str]) -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in names)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text("utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _zipped(text: str) -> str:
    return b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def _json(value: Any) -> str:
    return json.dumps(without_nan(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
