"""A provider of nobody's, to which each test gives the words that it is about."""

from datetime import UTC, datetime

import attrs

from anymedia.declare import Adapter, Header, Lifecycle, Pace

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""When everything happens."""

WORDS = [field.name for field in attrs.fields(Lifecycle) if field.init]


def acme(**facts):
    """Return a provider that says these facts, those of its usual lifecycle among them; it sells nothing, unless offers
    are given."""
    life = {"pace": Pace(first=1, then=1)} | {word: facts.pop(word) for word in WORDS if word in facts}
    return Adapter(
        title="Acme",
        page="Acme's page",
        read="2026-11-20",
        base_url="https://api.acme.example",
        api_key_env=("ACME_API_KEY",),
        **{"name": "acme", "offers": (), "auth": Header("x-key")}
        | facts
        | ({} if "lifecycle" in facts else {"lifecycle": Lifecycle(**life)}),
    )
