"""What is known of a provider as a whole, in words; what stands on the wire or in the code is between backticks."""

from collections.abc import Iterable, Iterator, Sequence

from anymedia.declare import (
    Adapter,
    Endpoint,
    Header,
    Hook,
    Lifecycle,
    Offer,
    Pace,
    Price,
    PriceQuote,
    Query,
    Setting,
    Table,
    Token,
    Upload,
    Webhook,
    pick,
)
from anymedia.declare.auth import API_KEY, OLD
from anymedia.declare.endpoint import Credential
from anymedia.declare.hook import hooks
from anymedia.declare.path import First, Place
from anymedia.model.money import dollars
from anymedia.model.plain import duration
from anymedia.model.vocabulary import Refund


def code(text: object) -> str:
    """Return a word as it stands on the wire or in the code."""
    return f"`{text}`"


def codes(words: Iterable[object]) -> str:
    """Return such words in a row."""
    return " ".join(map(code, words))


def places(where: Place | None) -> str:
    """Return a place in an answer, or the several ones that are looked at in turn."""
    paths = where.paths if isinstance(where, First) else () if where is None else (where,)
    return " or ".join(map(code, paths))


REFUNDS = {
    Refund.YES: "is refunded",
    Refund.NO: "is billed",
    Refund.UNKNOWN: "nobody says whether it is refunded: counted as billed",
}


def facts(adapter: Adapter, offers: Sequence[Offer]) -> Iterator[tuple[str, list[str]]]:
    """Yield what is known of a provider as far as these offers go, each under its name, in a sentence or several."""
    yield "adapter", [code(adapter.name)]
    yield "page", [*_pages(adapter, offers)]
    yield "base URL", [code(adapter.base_url)]
    yield "API key", [" or ".join(map(code, adapter.api_key_env))]
    yield "sent as", [*map(_credential, adapter.auth)]
    if adapter.settings:
        yield "settings", [_setting(name, setting) for name, setting in adapter.settings.items()]
    if adapter.headers:
        yield "headers", [code(f"{name}: {text}") for name, text in adapter.headers.items()]
    for name, life in adapter.lives.items():
        if its := [offer for offer in offers if offer.lifecycle == name]:
            of = "" if name is None else f" ({name})"
            yield from ((f"{what}{of}", told) for what, told in _life(its, life))
    if adapter.upload is not None and any("upload" in offer.forms for offer in offers):
        yield "upload", [_upload(adapter.upload)]
    if adapter.balance is not None:
        yield "balance", [code(f"GET {adapter.balance.path}")]
    if adapter.price_quote:
        yield "live prices", [*map(_price_quote, adapter.price_quote)]
    yield "an uncertain submit", [_idempotency(adapter)]
    yield "a failed task", [REFUNDS[adapter.refunds]]
    if credit := _credit(adapter):
        yield "1 credit", [credit]
    yield "request id", [_request_id(adapter)]
    if own := [f"{code(hook.at)} {hook.why} ({code(where)})" for where, hook in hooks(adapter)]:
        yield "its own code", own
    yield "limits", ["; ".join(limits(adapter)) or "none known"]


def _upload(upload: Upload) -> str:
    """Say how a file gets to a provider, and for how long it stays."""
    ways = (step.call for step in upload.steps)
    calls = [f"{each.method} {each.origin or ''}{each.path or '(where the answer says)'}" for each in ways]
    told = "an unknown time" if upload.expires is None else "as long as its answer says"
    life = told if upload.expires is None or isinstance(upload.expires, str) else duration(upload.expires)
    bound = "" if upload.megabytes is None else f", {upload.megabytes:g} MB at most"
    return f"{', then '.join(map(code, calls))}; kept for {life}{bound}"


def _credential(each: Credential) -> str:
    """Say how a call shows who asks."""
    match each:
        case Header():
            return code(f"{each.name}: {each.prefix}…") + _of(each.of)
        case Query():
            return code(f"?{each.name}=…") + _of(each.of)
        case Token():
            token = code(f"{each.name}: {each.prefix}…")
            return f"{token}, a token that {code(f'{each.call.method} {each.call.path}')} gives"
        case Hook():
            return f"what {code(each.at)} makes of the call: {each.why}"


def _of(secret: str) -> str:
    return "" if secret == API_KEY else f", the setting {code(secret)}"


def _setting(name: str, setting: Setting) -> str:
    env = "" if setting.env is None else f" ({code(setting.env)})"
    default = "" if setting.default is None else f", {code(setting.default)} where it is not given"
    secret, required = ", secret" if setting.secret else "", ", required" if setting.required else ""
    return f"{code(name)}{env}{secret}{_old(setting)}{required}{default}"


def _old(setting: Setting) -> str:
    return f", the one before it in {code(f'{setting.env}{OLD.upper()}')}" if setting.rotated and setting.env else ""


def _pages(adapter: Adapter, offers: Sequence[Offer]) -> Iterator[str]:
    """Say where everything is written, and which offers have pages of their own."""
    yield f"{adapter.page}, read {adapter.read}"
    own: dict[str, list[str]] = {}
    for offer in offers:
        if offer.page not in (None, adapter.page):
            own.setdefault(str(offer.page).removesuffix(f", {offer.name}"), []).append(offer.name)
    yield from (f"{codes(names)}: {page}" for page, names in own.items())


def _life(offers: Sequence[Offer], life: Lifecycle) -> Iterator[tuple[str, list[str]]]:
    """Yield how the tasks of these offers go, each fact under its name."""
    yield "submit", [*_submits(offers, life.submit)]
    for what, endpoint in life.looks.items():
        yield what, [_endpoint(endpoint)]
    if life.many is not None:
        yield "several at once", [_endpoint(life.many.call)]
    if life.webhook is not None:
        yield "webhook", [_webhook(life.webhook)]
    yield "looks", ["none: the submit is answered with the result" if life.poll is None else _pace(life.pace)]
    yield "results", [_results(life)]


def is_inline(life: Lifecycle) -> bool:
    """Return whether results are in the answer itself, and lie nowhere."""
    return life.poll is None and not life.submit.reply.assets


def _results(life: Lifecycle) -> str:
    """Say for how long results can be fetched, where they are not in the answer itself."""
    if is_inline(life):
        return "are in the answer itself"
    return f"can be fetched for {'an unknown time' if life.expires is None else duration(life.expires)}"


def _webhook(webhook: Webhook) -> str:
    """Say what asks for a webhook, how it is signed, and how far it is believed."""
    asked_by = webhook.asked_by
    asked = "set up at the provider" if asked_by is None else f"asked for by {code(str(asked_by.to))}"
    beside = f", with {codes(webhook.sends)}" if webhook.sends else ""
    signed = webhook.signed
    if signed is None:
        return f"{asked}{beside}; not signed: the task is looked at"
    keys = "" if signed.keys is None else code(f"{signed.keys.origin or ''}{signed.keys.path}")
    key = f"the keys at {keys}" if signed.key is None else f"the setting {code(signed.key)}"
    told = "a result in it counts" if signed.covers == "body" else "the task is looked at"
    return f"{asked}{beside}; its {signed.covers} is signed, with {key}: {told}"


def _submits(offers: Sequence[Offer], submit: Endpoint) -> Iterator[str]:
    """Say where tasks are submitted: at one path, or at one for some offers or a variant."""
    paths: dict[tuple[str, str], list[str]] = {}
    for offer in offers:
        there = {each: pick(offer.path, (each,)) or submit.path or "" for each in offer.variants}
        for variant, path in there.items():
            only = f"{variant} of " if len(set(there.values())) > 1 else ""
            paths.setdefault((path, only), []).append(offer.name)
    for (path, only), names in paths.items():
        told = "" if len(paths) == 1 else f": {only}{codes(dict.fromkeys(names))}"
        yield code(f"{submit.method} {path}") + told


def _endpoint(endpoint: Endpoint) -> str:
    if endpoint.link is not None:
        hosts = f", on {' '.join(map(code, endpoint.hosts))} too" if endpoint.hosts else ""
        return f"{code(endpoint.method)} the link at {code(endpoint.link)} of the submit's answer{hosts}"
    query = "&".join(f"{name}={value}" for name, value in endpoint.query.items())
    told = code(f"{endpoint.method} {endpoint.origin or ''}{endpoint.path}" + (f"?{query}" if query else ""))
    if "{path}" in (endpoint.path or ""):
        told += ", behind the path of the submit"
    if endpoint.not_yet is not None:
        told += f"; {code(endpoint.not_yet[0])} means not yet, for {duration(endpoint.not_yet[1])}"
    return told


def _pace(pace: Pace) -> str:
    slower = (f"from {duration(age)} on each {duration(step)}" for age, step in sorted(pace.slower.items()))
    return ", ".join([f"first after {duration(pace.first)}, then each {duration(pace.then)}", *slower])


def _price_quote(quote: PriceQuote) -> str:
    key = "with the API key" if quote.call.keyed else "without the API key"
    told = "an estimate, where the page prints nothing" if quote.is_estimate else "in place of the page's figure"
    return f"{_endpoint(quote.call)}, {key}: {told}"


def _idempotency(adapter: Adapter) -> str:
    if adapter.idempotency is None:
        return "is never sent again: no idempotency key is honoured"
    window = duration(adapter.idempotency.window)
    return f"is replayed under the same {code(adapter.idempotency.header)} for {window}"


def _credit(adapter: Adapter) -> str:
    """Say what a credit costs; nothing of a provider that prints no price in credits."""
    if adapter.credit is None:
        has_credits = any(price.credits is not None for offer in adapter.offers for price in _printed(offer))
        return "no page says what it costs" if has_credits else ""
    return dollars(adapter.credit.usd) + (
        "; a task is billed in whole credits, rounded up" if adapter.credit.whole else ""
    )


def _printed(offer: Offer) -> Iterator[Price]:
    """Yield the figures that an offer's page prints."""
    if isinstance(offer.prices, Table):
        yield from offer.prices.cells.values()
    elif isinstance(offer.prices, Price):
        yield offer.prices


def _request_id(adapter: Adapter) -> str:
    told = [f"header {code(name)}" for name in adapter.request_id]
    if adapter.fault.request_id is not None:
        told.append(f"{places(adapter.fault.request_id)} of an error")
    return ", ".join(told) or "none known"


def limits(adapter: Adapter) -> Iterator[str]:
    """Yield the rate limits of a provider, in words."""
    for what, limit in (("submits", adapter.limits.submits), ("looks", adapter.limits.polls)):
        if limit is not None:
            yield f"{limit[0]} {what} in {duration(limit[1])}"
    if adapter.limits.active is not None:
        yield f"{adapter.limits.active} tasks at a time"
