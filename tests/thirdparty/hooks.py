"""Functions that a provider of nobody's is declared with: two that are as they should be, and others."""

import hmac
import itertools
import threading

RELEASED = threading.Event()
"""What a hook that does not end waits for."""

_calls = itertools.count()


def glossy(body):
    """Say of each picture whether it is varnished."""
    return {**body, "varnish": bool(body.get("varnish"))}


def unfolded(words):
    """Take an answer out of its envelope."""
    inner = words.get("envelope") if isinstance(words, dict) else None
    return words if inner is None else inner


def signed(method, url, headers, body, secret, moment):
    """Sign a call."""
    text = f"{method} {url} {moment.isoformat()}".encode() + body
    return {**headers, "X-Signature": hmac.new(secret.encode(), text, "sha256").hexdigest()}


def undated(method, url, headers, body, secret, moment):
    return {"X-Signature": body.decode()}


def greedy(body):
    return {**body, "note": body["note"]}


def careless(body):
    body["varnish"] = True
    return body


def moody(body):
    return {**body, "varnish": next(_calls) % 2 == 0}


def listed(body):
    return [body]


def counted(words):
    return {len(str(words))}


def endless(body):
    RELEASED.wait()
    return body


async def later(body):
    return body
