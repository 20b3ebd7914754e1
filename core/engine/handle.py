"""A handle on a task: one line of JSON with which another process can look at the task.

It names the task, its account, and the account's API key by a fingerprint; it holds no API key, no prompt and no words
of the provider. Where the answer to a submit is the result, nothing can be looked at later: there it says how the task
has ended, and where its results lie. A handle that is read is not trusted: it leads an API key only to its account's
own origin and to the hosts that the adapter names, and its results are fetched without a key.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol, get_args

import attrs

from anymedia.account import FINGERPRINT, Account, fingerprint, is_of
from anymedia.declare.assets import MEDIA
from anymedia.declare.endpoint import Endpoint
from anymedia.declare.lifecycle import Lifecycle
from anymedia.model.errors import ConfigError, OutOfBounds, Problem
from anymedia.model.forms import shown
from anymedia.model.money import Money, PriceStatus
from anymedia.model.strict_json import Json, dumps, loads
from anymedia.model.task import Asset, Task
from anymedia.model.urls import is_path, is_url, relative
from anymedia.model.vocabulary import AssetRole, Kind, State
from anymedia.translate.links import leads

VERSION = 1

LONGEST = 1000
"""Bytes of a written handle at most."""

LONGEST_READ = 4096
"""Bytes of a handle that is read: a later version may hold more."""

SPARE = ("money", "offer", "model")
"""Fields that a look does not need, in the order in which a handle that is too long leaves them out."""

_NAME = re.compile("[^\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")  # nothing that leads a terminal
_USD = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")  # 1E+999999 is an amount too, and a megabyte when it is shown


class Accounts(Protocol):
    """The configured accounts, as anymedia.Config holds them."""

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Every account by name."""

    def account(self, name: str) -> Account:
        """Return an account. Errors: ConfigError."""


def handle(task: Task, account: Account) -> str:
    """Return the handle on a task of an account: at most 1,000 bytes in UTF-8.

    Errors: OutOfBounds for a task that no handle can name; ConfigError when the task is not of this account, or the
    account has no key.
    """
    if (task.account, task.provider) != (account.name, account.adapter.name):
        raise _error(
            f"task {task.id} is of account {task.account!r} at {task.provider}, "
            f"not of {account.name!r} at {account.adapter.name}",
            task.account,
            task.provider,
            task.id,
        )
    life = account.adapter.life(task.lifecycle)
    links = _links(life)
    followed = {name: _short(url, account.origin) for name, url in task.links.items() if name in links}
    fields = {
        "anymedia": VERSION,
        "account": task.account,
        "provider": task.provider,
        "id": task.id,
        "fingerprint": fingerprint(account.secret()),
        "submitted_at": _written(task.submitted_at),
        "kind": task.kind,
        "offer": task.offer,
        "model": task.model,
        "wire_id": task.wire_id,
        "lifecycle": task.lifecycle,
        "path": task.path.partition("?")[0],
        "links": followed or None,
        "money": _spent(task.money),
        **({} if life.poll is not None else _end(task)),
    }
    fields = {field: value for field, value in fields.items() if value is not None}
    _check(fields)
    _check_links(fields, account)
    _check_end(fields, account)
    for spare in ("", *SPARE):
        fields.pop(spare, None)
        text = dumps(fields)
        if len(text) <= LONGEST:
            return text.decode()
    raise _wrong("handle", f"takes {len(text):,} bytes, and {LONGEST:,} is the most: the id or a link is too long")


def opened(text: str | bytes, accounts: Accounts, *, any_api_key: bool = False) -> tuple[Task, Account]:
    """Return the task of a handle as it was when it was submitted, and its account.

    Where the answer to the submit was the result, the task has ended, and has the links to its results.
    `any_api_key` opens it with another key of the account than it was submitted with, as after a change of keys.
    Errors: OutOfBounds for what is no handle; ConfigError when the account is missing, is of another provider, or has
    another key or none.
    """
    fields = _read(text)
    _check(fields)
    account = _account(fields, accounts)
    _check_links(fields, account)
    _check_end(fields, account)
    if not is_of(fields["fingerprint"], account.secret()) and not any_api_key:
        raise _error(
            f"task {fields['id']} was submitted with another API key of account {account.name!r}, and only that one "
            "may see it; where this key has replaced it, any_api_key=True opens the handle all the same",
            account.name,
            account.adapter.name,
            fields["id"],
        )
    task = Task(
        id=fields["id"],
        provider=account.adapter.name,
        account=account.name,
        offer=fields.get("offer"),
        model=fields.get("model"),
        wire_id=fields.get("wire_id"),
        lifecycle=fields.get("lifecycle"),
        kind=Kind(fields["kind"]),
        money=_money(fields.get("money")),
        submitted_at=datetime.fromisoformat(fields["submitted_at"]).astimezone(UTC),
        path=fields["path"],
        links={name: relative(url, account.origin) for name, url in fields.get("links", {}).items()},
    )
    return task if _life(fields, account).poll is not None else _ended(task, fields), account


# What a handle says


def _written(moment: datetime) -> str:
    """Return a time as it is written, in UTC; the check refuses what has no place in UTC."""
    text = moment.isoformat()
    return moment.astimezone(UTC).isoformat() if _is_time(text) else text


def _short(url: str, origin: str) -> str:
    """Return a link relative to the origin, unless it would then read as a host."""
    short = relative(url, origin)
    return origin + short if short.startswith("//") else short


def _spent(money: Money) -> Json:
    """Return the money as a handle holds it; None where a handle cannot."""
    if money.usd is None:
        return None
    fields = {"usd": f"{money.usd:f}", "status": str(money.status)}
    return fields if _is_money(fields) else None


def _money(fields: Json) -> Money:
    if fields is None:
        return Money.unknown("opened from a handle")
    return Money(usd=Decimal(fields["usd"]), status=PriceStatus(fields["status"]), got="table")


def _end(task: Task) -> Mapping[str, Json]:
    """Return how a task has ended that nobody can look at later, and the links to its results."""
    if not task.state.final:
        raise _wrong("ended", f"the answer to the submit is the result here, and task {task.id} is {task.state}")
    assets: list[Json] = []
    for asset in task.assets:
        if asset.url is None:
            why = f"a result of task {task.id} came as bytes, which no handle holds: pass its file on instead"
            raise _wrong("assets", why)
        told: dict[str, Json] = {
            "role": None if asset.role == "main" else asset.role,
            "seconds": asset.seconds,
            "expires_at": None if asset.expires_at is None else _written(asset.expires_at),
        }
        known = {name: value for name, value in told.items() if value is not None}
        assets.append({"kind": asset.kind, "url": asset.url, **known})
    return {"ended": str(task.state), "assets": assets or None}


def _ended(task: Task, fields: Mapping[str, Any]) -> Task:
    """Return a task as its handle says that it has ended: when, nobody knows but for the submit."""
    assets = tuple(
        Asset(**{**each, "expires_at": _moment(each.get("expires_at"))}) for each in fields.get("assets", ())
    )
    return attrs.evolve(task, state=State(fields["ended"]), assets=assets, ended_at=task.submitted_at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _life(fields: Mapping[str, Any], account: Account) -> Lifecycle:
    """Return the lifecycle that a handle names. Errors: OutOfBounds."""
    try:
        return account.adapter.life(fields.get("lifecycle"))
    except ConfigError as error:
        raise _wrong("lifecycle", str(error)) from None


def _links(life: Lifecycle) -> Mapping[str, tuple[Endpoint, ...]]:
    """Return the links that looks may follow, each with the endpoints that follow it."""
    found: dict[str, tuple[Endpoint, ...]] = {}
    for endpoint in life.looks.values():
        if endpoint.link is not None:
            found[endpoint.link] = (*found.get(endpoint.link, ()), endpoint)
    return found


# What is read


def _read(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a handle of a known version. Errors: OutOfBounds."""
    size = len(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
    if size > LONGEST_READ:
        raise _wrong("handle", f"no handle takes {size:,} bytes")
    try:
        fields = loads(text)
    except ValueError:
        raise _wrong("handle", "is not JSON") from None
    version = fields.get("anymedia") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or type(version) is not int or version < 1:
        raise _wrong("handle", f'is not a handle: a JSON object with "anymedia": {VERSION} is needed')
    if version > VERSION:
        told = f"a newer anymedia wrote this handle, in version {_shown(version)}; this one reads version {VERSION}"
        raise _wrong("anymedia", told)
    return fields


def _check(fields: Mapping[str, Any]) -> None:
    """Refuse fields and values that no handle has. Errors: OutOfBounds."""
    for field in fields:
        if field not in _FORMS and field != "anymedia":
            raise _wrong("handle", f"has a field that no handle has: {_shown(field)}")
    for field, (message, fits, needed) in _FORMS.items():
        if field not in fields and needed:
            raise _wrong(field, "is missing")
        if field in fields and not fits(fields[field]):
            raise _wrong(field, f"{message}, not {_shown(fields[field])}")


def _account(fields: Mapping[str, Any], accounts: Accounts) -> Account:
    """Return the account that a handle names. Errors: ConfigError."""
    name, provider = fields["account"], fields["provider"]
    try:
        account = accounts.account(name)
    except ConfigError:
        there = [account.name for account in accounts.accounts.values() if account.adapter.name == provider]
        raise _error(
            f"task {fields['id']} is of account {name!r} at {provider}, which is not in the config; "
            + (f"its accounts at {provider}: {', '.join(there)}" if there else f"it has none at {provider}"),
            name,
            provider,
            fields["id"],
        ) from None
    if account.adapter.name != provider:
        raise _error(
            f"task {fields['id']} is of {provider}, and account {name!r} is now of {account.adapter.name}",
            name,
            provider,
            fields["id"],
        )
    return account


def _check_links(fields: Mapping[str, Any], account: Account) -> None:
    """Refuse links that no look follows, or that lead the API key elsewhere. Errors: OutOfBounds."""
    links = _links(_life(fields, account))
    for name, url in fields.get("links", {}).items():
        if name not in links:
            raise _wrong("links", f"{account.adapter.title} is not followed along a link named {_shown(name)}")
        if not any(_leads(url, account, endpoint) for endpoint in links[name]):
            raise _wrong("links", f"{name} leads where the key may not go: {_shown(url)}")


def _check_end(fields: Mapping[str, Any], account: Account) -> None:
    """Refuse a handle that does not say how a task has ended, where only it can; or does, where looks do. Errors:
    OutOfBounds."""
    told, needed = "ended" in fields, _life(fields, account).poll is None
    if needed and not told:
        raise _wrong("ended", f"is missing: {account.adapter.title} shows a result only in the answer to the submit")
    if not needed and (told or "assets" in fields):
        raise _wrong("ended", f"a task at {account.adapter.title} is looked at: its handle does not say how it ended")
    if (fields.get("ended") == State.SUCCEEDED) is not ("assets" in fields):
        raise _wrong("assets", "a task has results where it has succeeded, and only there")


def _leads(url: str, account: Account, endpoint: Endpoint) -> bool:
    on_origin = url.startswith("/") and not url.startswith("//")
    return leads(account.adapter, account.origin, endpoint, account.origin + url if on_origin else url)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_id(value: Any) -> bool:
    # As an id is read from an answer: it has to stand in a path.
    return isinstance(value, str) and len(value) <= 512 and value.isprintable() and value.strip(". ") != ""


def _is_fingerprint(value: Any) -> bool:
    return isinstance(value, str) and FINGERPRINT.fullmatch(value) is not None


def _is_time(value: Any) -> bool:
    try:
        moment = datetime.fromisoformat(value)
        return moment.tzinfo is not None and bool(moment.astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_kind(value: Any) -> bool:
    return value in tuple(Kind)


def _is_path(value: Any) -> bool:
    return is_path(value) and "?" not in value


def _is_links(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(url, str) for url in value.values())


def _is_end(value: Any) -> bool:
    return value in (State.SUCCEEDED, State.FAILED, State.CANCELED)


def _is_assets(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_asset, value))


def _is_asset(value: Any) -> bool:
    if not isinstance(value, dict) or not {"kind", "url"} <= set(value) <= set(_OF_ASSET):
        return False
    return all(_OF_ASSET[name](each) for name, each in value.items())


def _is_link(value: Any) -> bool:
    return is_url(value) and value.isprintable()


def _is_length(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < math.inf


_OF_ASSET: Mapping[str, Callable[[Any], bool]] = {
    "kind": MEDIA.__contains__,
    "url": _is_link,
    "role": get_args(AssetRole).__contains__,
    "seconds": _is_length,
    "expires_at": _is_time,
}
"""What a handle tells of a result, and the check of each; the first two are needed."""


def _is_money(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"usd", "status"}:
        return False
    usd, status = value["usd"], value["status"]
    known = status in ("exact", "approximate", "estimate")
    return known and isinstance(usd, str) and _USD.fullmatch(usd) is not None


_NEEDS_NAME = "a name is needed"

_FORMS: Mapping[str, tuple[str, Callable[[Any], bool], bool]] = {
    "account": (_NEEDS_NAME, _is_name, True),
    "provider": (_NEEDS_NAME, _is_name, True),
    "id": ("a printable id of 1 to 512 characters is needed", _is_id, True),
    "fingerprint": ("16 hex digits, a colon and 16 more are needed", _is_fingerprint, True),
    "submitted_at": ("a time with its zone is needed", _is_time, True),
    "kind": (f"one of {', '.join(Kind)} is needed", _is_kind, True),
    "offer": (_NEEDS_NAME, _is_name, False),
    "model": (_NEEDS_NAME, _is_name, False),
    "wire_id": (_NEEDS_NAME, _is_name, False),
    "lifecycle": (_NEEDS_NAME, _is_name, False),
    "path": ("a path starts with one /, is plain ASCII and has no query", _is_path, True),
    "links": ("an object of links is needed", _is_links, False),
    "ended": ("succeeded, failed or canceled is needed", _is_end, False),
    "assets": (
        'a list of objects of "kind", "url" and maybe "role", "seconds" and "expires_at" is needed',
        _is_assets,
        False,
    ),
    "money": ('an object of "usd" and "status" is needed', _is_money, False),
}
"""The fields of a handle: the message for a wrong value, the check, and whether the field is needed."""


def _shown(value: Json) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return shown(value)


def _wrong(field: str, message: str) -> OutOfBounds:
    return OutOfBounds(problems=[Problem(field=field, message=message)])


def _error(message: str, account: str, provider: str, task_id: str) -> ConfigError:
    return ConfigError(message, account=account, provider=provider, task_id=task_id)
