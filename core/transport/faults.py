"""Faults that another try at once would meet too."""

NOT_PUBLIC = "is not a public address"

ALLOWED_BY = "hosts or networks of [download] in anymedia.toml can allow it"


class Permanent(ValueError):
    """A fault that another try would meet too."""
