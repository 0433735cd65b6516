"""A configuration as it may be shown: without keys."""

import os
import re
from collections.abc import Iterable
from typing import Any, Final

HIDDEN: Final = "***"
SHORTEST: Final = 8  # characters of a secret: shorter values occur by chance
_NAMED: Final = re.compile(r"(?i)(^|_|-)(api_?key|key|token|secret|password|authorization|credentials?)$")
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def without_secrets(value: Any) -> Any:
    """`value` with its nested texts, but for those under the name of a secret, what the environment holds under
    such a name, and the user and password of an address.
    """
    return _shown(value, [v for name, v in os.environ.items() if _NAMED.search(name) and len(v) >= SHORTEST])


def _shown(value: Any, secrets: Iterable[str]) -> Any:
    if isinstance(value, dict):
        return {k: HIDDEN if v and _NAMED.search(str(k)) else _shown(v, secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [_shown(v, secrets) for v in value]
    if not isinstance(value, str):
        return value
    for secret in secrets:
        value = value.replace(secret, HIDDEN)
    return _LOGIN.sub(HIDDEN, value)
