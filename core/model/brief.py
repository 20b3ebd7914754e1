"""What a provider answered, as it is kept: long texts (such as files in base64) and deep levels are told, not held."""

from .strict_json import Json

LONGEST = 4096
"""Characters of the longest text that is kept."""

DEEPEST = 100
"""Levels of objects and lists that are kept."""


def brief(words: Json, depth: int = 0) -> Json:
    """Return a copy of JSON data with "… (N characters)" for each long text, and "…" for what lies too deep."""
    if isinstance(words, str):
        return words if len(words) <= LONGEST else f"… ({len(words)} characters)"
    if not isinstance(words, dict | list):
        return words
    if depth >= DEEPEST:
        return "…"
    if isinstance(words, list):
        return [brief(inner, depth + 1) for inner in words]
    return {brief(key): brief(inner, depth + 1) for key, inner in words.items()}
