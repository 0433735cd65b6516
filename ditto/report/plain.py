"""A report as JSON takes it."""

import math
from typing import Any


def without_nan(value: Any) -> Any:
    """JSON has no NaN: what was not scored is null."""
    if isinstance(value, dict):
        return {k: without_nan(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value
