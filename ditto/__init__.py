"""Role-play from what a language model already knows: DITTO as an experiment framework."""

__version__ = "0.1.0"
