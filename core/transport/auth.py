"""What shows who asks, put into a call last: the API key, secret settings and tokens stand in no call before.

They stand in no variable here either, which a traceback could show.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import attrs
from yarl import URL

from anymedia.account import Account, Secret
from anymedia.declare.auth import SETTING, Header, Query
from anymedia.declare.endpoint import Credential, Token
from anymedia.declare.hook import Hook, HookError
from anymedia.model.redact import HIDDEN, scrubbed
from anymedia.model.strict_json import Json, dumps
from anymedia.translate.encode import URL_ENCODED
from anymedia.translate.messages import Call, Stream
from anymedia.translate.places import replaced

from .faults import Permanent

EPOCH = datetime.fromtimestamp(0, UTC)


@attrs.frozen
class Credentials:
    """What a call carries that no account has by itself: its tokens, and the moment for what is signed."""

    tokens: Mapping[Token, Secret] = attrs.field(factory=dict)
    moment: datetime = EPOCH


NONE = Credentials()


def headers_of(call: Call, account: Account, credentials: Credentials) -> Mapping[str, str]:
    """Return the headers of a call, its credentials among them. Errors: ConfigError, Permanent for a hook's."""
    if not call.auth:
        return call.headers
    return {**call.headers, **dict(pair for each in call.auth for pair in _carried(each, call, account, credentials))}


def _carried(each: Credential, call: Call, account: Account, credentials: Credentials) -> Iterable[tuple[str, str]]:
    match each:
        case Header():
            return ((each.name, each.prefix + account.secret(each.of).reveal()),)
        case Token():
            return ((each.name, each.prefix + credentials.tokens[each].reveal()),)
        case Hook():
            return _signed(each, call, account, credentials.moment).items()
        case _:
            return ()  # which goes into the query


def _signed(hook: Hook, call: Call, account: Account, moment: datetime) -> Mapping[str, str]:
    sent = body_of(call, account)
    body = sent.read() if isinstance(sent, Stream) else sent or b""
    try:
        made: Any = hook.made(dict, call.method, call.url, dict(call.headers), body, account.secret().reveal(), moment)
    except HookError as error:
        raise Permanent(str(error)) from None
    if not all(isinstance(text, str) for text in made.values()):
        raise Permanent(f"the hook {hook.at} returned headers that are no texts")
    return dict(made)


def url_of(url: URL, call: Call, account: Account) -> URL:
    """Return a call's URL, with the credentials that go into its query. Errors: ConfigError."""
    keys = [each for each in call.auth if isinstance(each, Query)]
    return url if not keys else url.update_query({each.name: account.secret(each.of).reveal() for each in keys})


def body_of(call: Call, account: Account) -> bytes | Stream | None:
    """Return a call's body, with the secrets that it names. Errors: ConfigError."""
    if call.settings:
        return dumps(_with_settings(call, account))
    if not call.fills or call.json is None:
        return call.body
    if call.headers.get("Content-Type") == URL_ENCODED:
        return urlencode(_filled(call.json, account)).encode()
    return dumps(_filled(call.json, account))


def _with_settings(call: Call, account: Account) -> Json:
    words = call.json
    for place, name in call.settings.items():
        words = replaced(words, place, _said(name, account))
    return words


def _filled(words: Json, account: Account) -> Any:
    if isinstance(words, Mapping):
        return {name: _filled(each, account) for name, each in words.items()}
    if isinstance(words, list | tuple):
        return [_filled(each, account) for each in words]
    return SETTING.sub(lambda named: _said(named[1], account), words) if isinstance(words, str) else words


def _said(name: str, account: Account) -> str:
    given = account.settings.get(name)
    return given if isinstance(given, str) else account.secret(name).reveal()


def hidden(text: str, account: Account, credentials: Credentials) -> str:
    """Return a text without the secrets of an account, in whatever escapes they stand there."""
    secrets = [each.reveal() for each in (*account.secrets, *credentials.tokens.values())]
    clean: str = scrubbed(text, secrets, len(text) + len(HIDDEN), mark=HIDDEN)
    return clean
