"""`python -m ditto.chat`."""

from ditto.chat.command import main

main()
