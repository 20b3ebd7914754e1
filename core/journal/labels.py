"""Whether the labels of an entry, which are a text, are among others those that are asked for."""

from collections.abc import Mapping

from anymedia.model.strict_json import loads


def has_labels(text: object, labels: Mapping[str, str]) -> bool:
    """Return whether a text says all of some labels; one that cannot be read says none."""
    try:
        found = loads(text) if isinstance(text, str | bytes) else None
    except ValueError:
        return False
    return isinstance(found, dict) and all(found.get(name) == value for name, value in labels.items())
