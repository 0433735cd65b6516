"""The offline laboratory: an invented world, an exact judge's facts about it, and four small models."""
