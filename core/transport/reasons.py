"""What went wrong on the way, in words; and whether another try at once would meet it again."""

import re
import ssl
from socket import EAI_AGAIN, gaierror

import aiohttp

from .certificates import what_is_wrong
from .faults import ALLOWED_BY, NOT_PUBLIC, Permanent

HEADER_LIMIT, HEADERS_LIMIT = 1 << 16, 500
"""Bytes of one header, and how many headers, that are read of an answer."""


def reason(error: Exception) -> str:
    """Return what happened, without what the exception may repeat of the request."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return _unconnected(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):
        return _unreadable(error)
    return next((text for kind, text in _WORDS.items() if isinstance(error, kind)), None) or _said(error)


_WORDS: dict[type[Exception], str] = {
    aiohttp.ServerDisconnectedError: "the connection was closed before there was an answer",
    aiohttp.ClientPayloadError: "the answer broke off",
}


def _said(error: Exception) -> str:
    told = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return told or type(error).__name__


def _unconnected(error: aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError) -> str:
    """Return why there is no connection."""
    where = f"{error.host}:{error.port}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        wrong = error.certificate_error
        return what_is_wrong(error.host, wrong) if isinstance(wrong, ssl.SSLCertVerificationError) else str(wrong)
    cause = error.os_error
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the host {error.host} is not known: {_said(cause)}"
    if found := re.search(rf"(\S+) {NOT_PUBLIC}", str(cause)):
        at = "" if found[1] == error.host else f"{error.host} is at {found[1]}, and "
        return f"{at}{found[0]}; {ALLOWED_BY}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"no TLS with {where}: {getattr(cause, 'reason', None) or _said(cause)}"
    who = "the proxy " if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
    if isinstance(cause, ConnectionRefusedError):
        return f"{who}{where} refused the connection"
    return f"no connection to {who}{where}: {_said(cause)}"


def _unreadable(error: aiohttp.ClientResponseError) -> str:
    if re.search("(?i)too many headers|more than \\d+ bytes|too long", error.message):
        return f"its answer has more than {HEADERS_LIMIT} headers, or one of more than {HEADER_LIMIT >> 10} KiB"
    return "its answer is no HTTP"


def is_permanent(error: Exception) -> bool:
    """Return whether another try at once would meet the same fault."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return error.status in (403, 407)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return not (isinstance(error.os_error, gaierror) and error.os_error.errno == EAI_AGAIN)
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError | Permanent | UnicodeError):
        return True
    if isinstance(error, aiohttp.ClientConnectorError):
        return isinstance(error.os_error, ConnectionRefusedError) or NOT_PUBLIC in str(error.os_error)
    return False
