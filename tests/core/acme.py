"""A provider of nobody's, to which each test gives the words that it is about."""

from anymedia.declare import Adapter, Header, Pace


def acme(**facts):
    """Return a provider that says these facts; it sells nothing, unless offers are among them."""
    return Adapter(
        title="Acme",
        page="Acme's page",
        read="2026-11-20",
        base_url="https://api.acme.example",
        api_key_env=("ACME_API_KEY",),
        auth=Header("x-key"),
        pace=Pace(first=1, then=1),
        **{"name": "acme", "offers": (), "states": {}} | facts,
    )
