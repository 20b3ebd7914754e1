"""Step 2: the exact calls, as plain data; pure."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import PriceQuote
from anymedia.declare.auth import settings_in, with_settings
from anymedia.declare.endpoint import Endpoint, Token
from anymedia.declare.hook import Hook, HookError
from anymedia.declare.lifecycle import Lifecycle
from anymedia.declare.many import Many
from anymedia.declare.path import Path
from anymedia.declare.when import pick
from anymedia.model.errors import MalformedAnswer, OutOfBounds, Problem
from anymedia.model.slots import Way, filled, slots
from anymedia.model.strict_json import Json
from anymedia.model.task import Adjustment, Task
from anymedia.model.urls import with_query
from anymedia.model.vocabulary import Billed

from .check import Checked
from .form import as_form
from .links import leads, origin_for
from .messages import Call, Stream
from .places import merged, put, replaced, said

NO_MORE: Mapping[str, str] = MappingProxyType({})

URL_ENCODED = "application/x-www-form-urlencoded"
"""How a form is written that asks for a token."""


@attrs.frozen
class Part:
    """What one task of a request makes: its body, how many units, the number of the first, and what differs from the
    request."""

    body: Mapping[str, Json] = attrs.field(hash=False)
    units: int = 1
    first: int = 0
    adjustments: tuple[Adjustment, ...] = ()


def parts(checked: Checked, units: range | None = None) -> list[Part]:
    """Return the tasks that a request, or some units of it, takes: one for each batch of the offer.

    Parts that are sent the same share one body. Errors: OutOfBounds where the adapter's hook makes no body of it.
    """
    wanted, batch = units or range(checked.units), checked.offer.batch
    bodies: dict[Any, Mapping[str, Json]] = {}
    return [_part(checked, first, min(batch, wanted.stop - first), bodies) for first in wanted[::batch]]


def _part(checked: Checked, first: int, units: int, bodies: dict[Any, Mapping[str, Json]]) -> Part:
    changes: dict[str, Any] = {"count": units} if "count" in checked.given else {}
    seed = checked.fields.get("seed")
    adjustments: tuple[Adjustment, ...] = ()
    if first and seed is not None and seed.sent is not None:
        changes["seed"] = seed.sent + first
        kind = checked.offer.kind
        reason = f"{kind} {first + 1}: the same seed would make the same {kind}"
        adjustments = (Adjustment(field="seed", given=seed.sent, sent=changes["seed"], reason=reason),)
    different = tuple(changes.values())
    if different not in bodies:
        bodies[different] = _body(checked, changes)
    return Part(bodies[different], units, first, adjustments)


def _body(checked: Checked, changes: Mapping[str, Any]) -> dict[str, Json]:
    body: dict[str, Json] = {}
    model, in_query = checked.life.submit.model, checked.offer.in_query
    if model is not None:
        put(body, model, checked.wire_id)
    for place, fixed in checked.offer.fixed.items():
        if (value := pick(fixed, checked.given)) is not None:
            put(body, place, value)
    for name, field in checked.fields.items():
        value = changes.get(name, field.sent)
        if value is not None and field.takes is not None and field.to is not None and name not in in_query:
            put(body, field.to, field.takes.write(value))
    for place, value in checked.sends.items():
        put(body, place, value)
    whole, hook = merged(body, checked.extra) if checked.extra else body, checked.life.submit.writes
    return whole if hook is None else _made(hook, whole)


def _made(hook: Hook, body: dict[str, Json]) -> dict[str, Json]:
    """Return what a hook makes of a body. Errors: OutOfBounds."""
    try:
        made: dict[str, Json] = hook.made(dict, body)
    except HookError as error:
        raise OutOfBounds(problems=[Problem(field="body", message=str(error), documented=False)]) from None
    if sorted(map(id, slots(made))) != sorted(map(id, slots(body))):  # two files may be told in the same words
        message = f"the hook {hook.at} keeps not every place of a file"
        raise OutOfBounds(problems=[Problem(field="body", message=message, documented=False)])
    return made


def submit(account: Account, lifecycle: str | None, path: str, body: Json, replay_key: str | None) -> Call:
    """Return the call that submits a body; `replay_key` is sent to providers that honour an idempotency key.

    A body that holds a file as a part goes as a form, whatever its endpoint says of others. Errors: Unreadable.
    """
    idempotency, life = account.adapter.idempotency, account.adapter.life(lifecycle)
    endpoint, (body, settings) = life.submit, with_settings_of(account, life, body)
    headers = {} if idempotency is None or replay_key is None else {idempotency.header: replay_key}
    if is_form(endpoint, body):
        stream, named = as_form(body)
        return call(account, endpoint, path, content=stream.read(), headers=headers | named, alone=True)
    made = call(account, endpoint, path, body, headers=headers, alone=True)
    return attrs.evolve(made, settings=settings) if settings else made


def with_settings_of(account: Account, life: Lifecycle, body: Json) -> tuple[Json, dict[str, str]]:
    """Return a submit's body without the settings of its webhook that the account does not give, and those that it
    does, by their places."""
    fills = {} if life.webhook is None else life.webhook.fills
    named = {place: name for place, name in fills.items() if Path(place).one(body) == f"{{{name}}}"}
    for place, name in named.items():
        if name not in account.settings:
            body = replaced(body, place, None)
    return body, {place: name for place, name in named.items() if name in account.settings}


def is_form(endpoint: Endpoint, body: Json) -> bool:
    """Return whether a submit's body goes as a form."""
    return endpoint.body == "form" or any(slot.way is Way.PART for slot in slots(body))


def follow(account: Account, endpoint: Endpoint, task: Task) -> Call:
    """Return the call that an endpoint makes for a task.

    Errors: MalformedAnswer when the link it needs is missing, or the task leads to where the API key may not go.
    """
    adapter, link = account.adapter, task.links.get(endpoint.link or "")
    origin = origin_for(adapter, account.origin, endpoint) if link is None else account.origin
    where = _path(endpoint, task) if link is None else link
    url = with_query(origin + where if where.startswith("/") else where, _query(account, endpoint, _names(task)))
    if not leads(adapter, account.origin, endpoint, url):
        raise MalformedAnswer(
            f"{task.provider} named no usable {endpoint.link or 'path'} for task {task.id}",
            body=task.raw,
            **facts(task),
        )
    # Where no id is in the answer, nothing else would tell a stale answer from this task's.
    return call(account, endpoint, url, alone=endpoint.reply.id is None)


def listed(account: Account, many: Many, ids: Sequence[str]) -> Call:
    """Return the call that tells of the tasks with these ids."""
    path = (many.call.path or "").format(ids=many.joined.join(quote(each, safe="", errors=ANY) for each in ids))
    return call(account, many.call, with_query(path, _query(account, many.call, {"ids": many.joined.join(ids)})))


def ask_token(account: Account, token: Token) -> Call:
    """Return the call that gives a token: the secrets that its body names are put there last."""
    endpoint = attrs.evolve(token.call, auth=token.asked_with)
    headers = {"Content-Type": URL_ENCODED} if endpoint.body == "form" else NO_MORE
    body = None if endpoint.method == "GET" else dict(token.sends)
    settings = account.adapter.settings
    always = {name: text for name, text in endpoint.query.items() if not settings_in(text, settings)}
    made = call(account, endpoint, with_query(endpoint.path or "", always), body, headers=headers, alone=True)
    return attrs.evolve(made, fills=True)


def call(
    account: Account,
    endpoint: Endpoint,
    url: str,
    body: Json = None,
    *,
    content: bytes | Stream | None = None,
    headers: Mapping[str, str] = NO_MORE,
    alone: bool = False,
    public: bool = False,
) -> Call:
    """Return a call of an endpoint to a URL, or to a path where the endpoint's calls go; `headers` come on top.

    What of its headers and its query names a setting of the account that is not given is left out. A `public` one, to
    where an answer said, shows who asks only where that is the provider's own host.

    `content` is sent in place of a JSON body.
    """
    adapter, origin = account.adapter, origin_for(account.adapter, account.origin, endpoint)
    auth = adapter.auth if endpoint.auth is None else endpoint.auth
    if not endpoint.keyed or (public and not leads(adapter, account.origin, endpoint, url)):
        auth = ()
    own = _filled(account, adapter.headers) if auth else {}
    query = {name: text for name, text in endpoint.query.items() if settings_in(text, adapter.settings)}
    return Call(
        method=endpoint.method,
        url=with_query(origin + url if url.startswith("/") else url, _filled(account, query)),
        auth=auth,
        alone=alone,
        public=public,
        file=endpoint.reply.is_file,
        headers=_merged(_headers(body, file=endpoint.reply.is_file), own, _filled(account, endpoint.headers), headers),
        json=body,
        content=content,
        timeout=endpoint.timeout,
        limit=endpoint.limit,
    )


def facts(task: Task) -> dict[str, Any]:
    """Return what every error about an accepted task carries: it was paid for, unless the task says otherwise."""
    return {
        "account": task.account,
        "provider": task.provider,
        "model": task.model,
        "task_id": task.id,
        "task": task,
        "billed": Billed.YES,
    }


def look_up(account: Account, path: str) -> Call:
    """Return the call that reads a path of an account."""
    return call(account, Endpoint(method="GET", path=path), path)


def ask_price(words: PriceQuote, account: Account, checked: Checked, part: Part) -> Call:
    """Return the call that asks what a task would cost."""
    endpoint, names = words.call, {"wire_id": str(checked.wire_id)}
    if words.of is not None:
        names |= _named(words.of, checked.path)
    asked = filled(part.body, lambda slot: f"{STAND_IN}.{slot.media.ending}")
    body = said(words.sends, {**names, "body": asked}) if words.sends else None
    return call(account, endpoint, with_query(endpoint.path or "", _query(account, endpoint, names)), body)


def _named(form: str, path: str) -> dict[str, str]:
    """Return the names that a form like "/api/{service}/{action}" finds in a path. Errors: ValueError for none."""
    match = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(form)), path.partition("?")[0])
    if match is None:
        raise ValueError(f"{path} does not have the form {form}, which the adapter names for it")
    return match.groupdict()


STAND_IN = "https://example.com/file"
"""What stands for the URL of a file of this machine where a price is asked for: no name of it goes anywhere."""


def ask_changes(path: str, origin: str, tag: str | None) -> Call:
    """Return the call that asks, without the API key, whether an origin's prices have changed since `tag`."""
    headers = _headers(None) | ({} if tag is None else {"If-None-Match": tag})
    return Call(method="GET", url=origin + path, headers=headers)


ANY = "surrogatepass"  # the id in a handle from outside may hold lone surrogates


def _path(endpoint: Endpoint, task: Task) -> str:
    return (endpoint.path or "").format(
        id=quote(task.id, safe="", errors=ANY), path=task.path.partition("?")[0], wire_id=task.wire_id
    )


def _names(task: Task) -> dict[str, str]:
    """Return what a query can name of a task."""
    return {"id": task.id, "wire_id": str(task.wire_id), "path": task.path.partition("?")[0]}


def _query(account: Account, endpoint: Endpoint, names: Mapping[str, str]) -> dict[str, str]:
    """Return what an endpoint's query says, with these names; settings come in later."""
    texts, settings = endpoint.query, account.adapter.settings
    return {name: text.format(**names) for name, text in texts.items() if not settings_in(text, settings)}


def _filled(account: Account, texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts with the settings that they name, without those that name one that is not given."""
    said = {name: with_settings(text, account.settings, account.adapter.settings) for name, text in texts.items()}
    return {name: text for name, text in said.items() if text is not None}


def _headers(body: Json, *, file: bool = False) -> dict[str, str]:
    headers = {"Accept": "*/*" if file else "application/json"}
    return headers if body is None else headers | {"Content-Type": "application/json"}


def _merged(*headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers, of which the later ones replace the earlier, in whatever letters they are named."""
    named = {name.lower(): (name, value) for each in headers for name, value in each.items()}
    return dict(named.values())


def same(parts: Sequence[Part]) -> list[tuple[Part, int]]:
    """Return each different part once, in order, with the number of parts that send the same."""
    different: list[tuple[Part, int]] = []
    for part in parts:
        if different and different[-1][0].body == part.body:
            different[-1] = (different[-1][0], different[-1][1] + 1)
        else:
            different.append((part, 1))
    return different
