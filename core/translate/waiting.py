"""How long a server asks to be left alone, in whatever form it says so."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

LONGEST_WAIT = 86_400.0
"""Seconds; a server that asks for more is taken at a day."""

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
_EPOCH = 1e9  # a wait of thirty years is a moment: seconds since 1970, or milliseconds from a thousand times that on


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds a server asks to wait, at most a day; None where it does not say.

    It may name seconds, milliseconds (`retry-after-ms`), a moment since 1970, or a date. A moment goes by the server's
    own clock where it tells it.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return bounded(milliseconds / 1000)
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is not None and seconds < _EPOCH:
        return bounded(seconds)
    moment = _date(text) if seconds is None else datetime.fromtimestamp(min(_in_seconds(seconds), 2**32), UTC)
    if moment is None:
        return None
    return bounded((moment - (moment_of(headers) or now)).total_seconds())


def bounded(seconds: float) -> float:
    """Return a wait that can be kept to."""
    return min(max(seconds, 0.0), LONGEST_WAIT)


def moment_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time on the clock of a server when it answered; None where it does not say."""
    return _date(headers.get("date", ""))


def _number(text: str) -> float | None:
    plain = text.strip()
    return float(plain) if _SECONDS.fullmatch(plain) else None


def _in_seconds(since_1970: float) -> float:
    return since_1970 / 1000 if since_1970 >= _EPOCH * 1000 else since_1970


def _date(text: str) -> datetime | None:
    """Return a moment that is written as in an e-mail or as ISO 8601; without a zone it is in UTC."""
    if not text.strip():
        return None
    from email.utils import parsedate_to_datetime  # not needed by most answers

    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text.strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
