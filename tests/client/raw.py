"""Servers of raw bytes: what they answer is written out, as no framework would write it."""

import asyncio
import ssl
from contextlib import asynccontextmanager

from anymedia import Account, read_config

KEY = "planted-key-5f0c1d"

LOCALHOST = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZf1Ey40WaQHj1uqh
ObgW5rjX12c5D/KQdgChVZS4j+mhRANCAAS61gPwPnjP0x2EzDiBiuTFB1BOvUYM
wt95xFHbCWfTED/ixYVC6ciXzHFdObDqdxr9ILm4ot3Ph7KBa4a44bxw
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUSu8Q72U5T68vHTn+IH5M8UxikKAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODE2MzcxNloYDzIxMjYxMTA0
MTYzNzE2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS61gPwPnjP0x2EzDiBiuTFB1BOvUYMwt95xFHbCWfTED/ixYVC6ciX
zHFdObDqdxr9ILm4ot3Ph7KBa4a44bxwo2kwZzAdBgNVHQ4EFgQUJ13kTZHoiS5B
d4RaI9llJIWeCmQwHwYDVR0jBBgwFoAUJ13kTZHoiS5Bd4RaI9llJIWeCmQwFAYD
VR0RBA0wC4IJbG9jYWxob3N0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
SQAwRgIhAO5QWwIGvC9Gin34lMmIG9vUOv9mSWPomM31Q5Xp+j84AiEA3zaETcTS
+yBnwInv9K1ozqiuNHjZXE5i8EF7UlO0mKo=
-----END CERTIFICATE-----
"""
"""A key and a certificate, signed by itself, for the name localhost and for nothing else."""


def answer(body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = (), framed: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    lines += [f"Content-Length: {len(body)}"] if framed else ["Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def raw_server(*answers, tls=None):
    """Answer each connection's request with the next of some answers, the last of them for ever; yield it."""

    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            server.requests.append(head.decode())
            writer.write(answers[min(len(server.requests), len(answers)) - 1])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server.requests = []
    server.port = server.sockets[0].getsockname()[1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
    async with server:
        yield server


def account(origin: str, **changes: object) -> Account:
    data = {"providers": {"reapi": {"base_url": origin, "api_key_env": "K", **changes}}}
    return read_config(data, {"K": KEY}).account("reapi")


def localhost(folder) -> tuple[ssl.SSLContext, str]:
    """Return what serves TLS as localhost, and the file that makes it trusted."""
    file = folder / "localhost.pem"
    file.write_text(LOCALHOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, str(file)
