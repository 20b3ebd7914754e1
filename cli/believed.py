"""How far the webhooks of each account are believed, in words."""

from collections.abc import Iterator

from anymedia import Account
from anymedia.declare.webhook import Signed

COUNTS, LOOKED_AT = "they count as an answer", "the task is looked at"


def believed(account: Account) -> Iterator[str]:
    """Yield how far what an account's provider posts is believed, once for each kind of it."""
    yield from dict.fromkeys(_believed(account, webhook.signed) for webhook in account.adapter.webhooks)


def _believed(account: Account, signed: Signed | None) -> str:
    from anymedia.engine.webhooks import is_verifiable
    from anymedia.translate.signed import can_verify

    if signed is None:
        return f"webhooks are not signed: {LOOKED_AT}"
    if is_verifiable(account, signed):
        return f"webhooks are signed: {COUNTS if signed.covers == 'body' else LOOKED_AT}"
    needed = account.how(signed.key or "") if can_verify(signed) else "install anymedia with its extra webhooks"
    return f"webhooks are not verified, and {LOOKED_AT}; {needed}"
