"""What shows who asks, at a simulator: its API key, its settings, and the tokens that it gives."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from anymedia import Account
from anymedia.account import Secret
from anymedia.declare import Adapter, Endpoint, Header, Query, Token
from anymedia.declare.auth import with_settings
from anymedia.declare.endpoint import Credential
from anymedia.model.strict_json import Json
from anymedia.pricing.explain import MASK, Explanation
from anymedia.simulators import Service
from anymedia.simulators.message import Request
from anymedia.translate.callback import exchanged


def account_at(adapter: Adapter, service: Service) -> Account:
    """Return the account that a simulator lets in, at the provider's own origin."""
    known = adapter.settings
    settings = {
        name: Secret(text) if name in known and known[name].secret else text for name, text in service.settings.items()
    }
    key, name = Secret(service.api_key), adapter.name
    return Account(name=name, adapter=adapter, origin=adapter.base_url, api_key=key, settings=settings)


def with_secrets(service: Service, body: Json) -> Json:
    """Return a body as it is sent: secret settings, which an explanation names in braces, are filled in last."""
    for name in service.secrets:
        body = exchanged(body, f"{{{name}}}", service.settings[name])
    return body


def amiss(account: Account, submit: Endpoint, sent: Request, shown: Explanation) -> Iterator[str]:
    """Yield what a submit does not carry as it is declared, and what an explanation of it does not mask."""
    adapter = account.adapter
    for name, text in {**adapter.headers, **submit.headers}.items():
        said = with_settings(text, account.settings, adapter.settings)
        if said is not None and sent.headers.get(name.lower()) != said:
            yield f"{said} was not in {name}"
    for each in adapter.auth if submit.auth is None else submit.auth:
        match each:
            case Query():
                yield from _amiss_in_query(account, each, sent, shown)
            case Header() | Token():
                yield from _amiss_in_header(account, each, sent, shown)


def _amiss_in_query(account: Account, query: Query, sent: Request, shown: Explanation) -> Iterator[str]:
    if f"{query.name}={MASK}" not in shown.url:
        yield f"explain does not mask what goes in ?{query.name}"
    if sent.query.get(query.name) != account.secret(query.of).reveal():
        yield f"{_called(query.of)} was not in ?{query.name}"


def _amiss_in_header(account: Account, header: Header | Token, sent: Request, shown: Explanation) -> Iterator[str]:
    if shown.headers.get(header.name) != header.prefix + MASK:
        yield f"explain does not mask what goes in {header.name}"
    carried = sent.headers.get(header.name.lower(), "")
    if isinstance(header, Header):
        is_there = carried == header.prefix + account.secret(header.of).reveal()
    else:
        is_there = carried.startswith(header.prefix) and account.secret().reveal() not in carried
    if not is_there:
        yield f"{'the token' if isinstance(header, Token) else _called(header.of)} was not in {header.name}"


def carried(adapter: Adapter, headers: Mapping[str, str], url: str) -> Iterator[tuple[str, str]]:
    """Yield what a call carries that may be a secret, with where it stands."""
    named = {name.lower(): text for name, text in headers.items()}
    query = dict(parse_qsl(urlsplit(url).query))
    asking = (each for token in tokens_of(adapter) for each in token.asked_with)
    for each in dict.fromkeys((*_credentials(adapter), *asking)):
        match each:
            case Header(name=name) | Token(name=name):
                yield name, named.get(name.lower(), "")
            case Query(name=name):
                yield f"?{name}", query.get(name, "")


def tokens_of(adapter: Adapter) -> list[Token]:
    """Return the tokens that an adapter's calls carry."""
    return [each for each in _credentials(adapter) if isinstance(each, Token)]


def _credentials(adapter: Adapter) -> Iterator[Credential]:
    yield from dict.fromkeys((*adapter.auth, *(each for _, call in adapter.calls for each in call.auth or ())))


def _called(of: str) -> str:
    return "the key" if of == "api_key" else f"the setting {of}"
