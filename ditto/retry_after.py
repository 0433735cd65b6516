"""How long a server asks to be left alone: the value of its `Retry-After` header."""

import time
from email.utils import parsedate_to_datetime


def seconds_asked(value: str) -> float | None:
    """Seconds from now on, of a number of seconds or a date (RFC 9110, 10.2.3); None where it is neither."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
