"""What can go wrong, told in one sentence.

DittoError                 everything below; `python -m ditto.run` prints it and exits with its code
├── ConfigError            2   a value in the configuration that cannot be meant
├── DataError              3   an input file or record that does not fit its schema
├── ModelError             4   a model folder, tokenizer or template that cannot be used
├── StoreError             5   an artifact or the disk under it
├── StageError             6   a stage ran and its result must not be used
└── Interrupted          130   Ctrl-C; what was finished is kept
"""


class DittoError(Exception):
    """Says what is wrong, where, with which value, and what to do."""

    exit_code = 1


class ConfigError(DittoError):
    exit_code = 2


class DataError(DittoError):
    exit_code = 3


class ModelError(DittoError):
    exit_code = 4


class StoreError(DittoError):
    exit_code = 5


class StageError(DittoError):
    exit_code = 6


class Interrupted(DittoError):
    exit_code = 130
