"""The way to an account: proxies, certificates, odd answers, and what is told where there is no way."""

import json
import socket
import ssl
from contextlib import nullcontext
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest

from anymedia import Client, ConfigError, Outcome, Reached, Unavailable, read_config
from anymedia.clock import Clock
from anymedia.declare import Adapter
from anymedia.network import Network, network_of
from anymedia.translate.messages import Call, Lost
from anymedia.transport.addresses import Guard, is_below
from anymedia.transport.certificates import what_is_wrong
from anymedia.transport.http import Progress, Transport
from anymedia.transport.proxies import proxy_for
from anymedia.transport.reasons import is_permanent, reason

from .raw import KEY, account, answer, localhost, raw_server


@pytest.fixture
async def transport():
    transport = Transport()
    yield transport
    await transport.close()


async def post(transport, origin, **changes):
    call = Call(method="POST", url=f"{origin}/x", json={"a": 1}, alone=True)
    return await transport.send(account(origin, **changes), call, Progress())


async def lost(transport, origin, **changes) -> Lost:
    with pytest.raises(Lost) as caught:
        await post(transport, origin, **changes)
    assert "ssl:" not in caught.value.why
    assert KEY not in caught.value.why
    return caught.value


# Proxies

PROXIES = {"http": "plain.proxy:1", "https": "http://secure.proxy:2", "all": "http://any.proxy:3"}


@pytest.mark.parametrize(
    ("scheme", "host", "proxies", "no_proxy", "own", "found"),
    [
        ("https", "a.example", PROXIES, "", None, "http://secure.proxy:2"),
        ("http", "a.example", PROXIES, "", None, "http://plain.proxy:1"),
        ("https", "a.example", {"all": "http://any.proxy:3"}, "", None, "http://any.proxy:3"),
        ("https", "a.example", {}, "", None, None),
        ("https", "a.example", PROXIES, "*", None, None),
        ("https", "a.example", PROXIES, "b.example, a.example", None, None),
        ("https", "x.a.example", PROXIES, ".a.example", None, None),
        ("https", "x.A.example", PROXIES, "*.a.example", None, None),
        ("https", "xa.example", PROXIES, "a.example", None, "http://secure.proxy:2"),
        ("https", "a.example", PROXIES, "a.example:443", None, None),
        ("https", "a.example", PROXIES, "a.example:8443", None, "http://secure.proxy:2"),
        ("https", "10.1.2.3", PROXIES, "10.0.0.0/8", None, None),
        ("https", "11.1.2.3", PROXIES, "10.0.0.0/8 fd00::/8", None, "http://secure.proxy:2"),
        ("https", "fd00::1", PROXIES, "fd00::1", None, None),
        ("https", "127.0.0.1", PROXIES, "", None, None),
        ("http", "localhost", PROXIES, "", None, None),
        ("https", "a.example", PROXIES, "", "", None),
        ("https", "a.example", PROXIES, "*", "http://own.proxy:4", "http://own.proxy:4"),
    ],
)
def test_which_proxy_a_host_is_asked_through(scheme, host, proxies, no_proxy, own, found):
    network = Network(proxies=proxies, no_proxy=no_proxy)
    assert proxy_for(scheme, host, 443, network, own) == found


@pytest.mark.parametrize("form", [str.lower, str.upper])
def test_the_environment_is_read_in_small_letters_and_in_capitals(form):
    network = network_of({form("https_proxy"): "h:1", form("all_proxy"): "a:1", form("no_proxy"): "n"})
    assert (network.proxies, network.no_proxy) == ({"https": "h:1", "all": "a:1"}, "n")


@pytest.mark.parametrize("text", ["socks5://p:1", "http://", "http://[", "http://p:99999", "ftp://p"])
def test_a_proxy_that_cannot_be_used_is_named_and_not_shown(text):
    with pytest.raises(ValueError, match=r"^HTTPS_PROXY must be a proxy like http://host:port"):
        proxy_for("https", "a.example", 443, Network(proxies={"https": text}), None)
    with pytest.raises(ConfigError, match=r"proxy: must be a proxy like http://host:port") as caught:
        account("https://a.example", proxy=f"{text}#secret")
    assert "secret" not in str(caught.value)


async def test_a_call_goes_through_the_proxy_of_its_account(transport):
    async with raw_server(answer(b'{"a": 1}')) as proxy:
        where = f"http://user:word@127.0.0.1:{proxy.port}"
        found = await post(transport, "http://api.example", proxy=where, allow_http=True)
        assert json.loads(found.body) == {"a": 1}
        behind = account("http://api.example", proxy=where, allow_http=True)
        assert (await transport.reach(behind.origin, behind)).status == 200
    assert proxy.requests[0].startswith("POST http://api.example/x HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjp3b3Jk" in proxy.requests[0]
    assert proxy.requests[1].startswith("GET http://api.example/ HTTP/1.1\r\n")
    assert KEY not in proxy.requests[1]


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
async def test_what_a_proxy_refuses_was_not_sent(transport, status):
    async with raw_server(answer(status=status)) as proxy:
        told = await lost(transport, "https://api.example", proxy=proxy.origin)
    assert proxy.requests[0].startswith("CONNECT api.example:443 ")
    assert KEY not in proxy.requests[0]
    assert (told.sent, told.permanent) == (False, status[0] == "4")
    assert f"the proxy answered {status}" in told.why


async def test_a_proxy_that_is_not_there_is_said_to_be_the_proxy(transport, unused_tcp_port):
    told = await lost(transport, "https://api.example", proxy=f"http://127.0.0.1:{unused_tcp_port}")
    assert told.why == f"the proxy 127.0.0.1:{unused_tcp_port} refused the connection"
    assert (told.sent, told.permanent) == (False, True)


# Certificates


async def test_a_certificate_of_ones_own_is_trusted_by_its_file(tmp_path):
    tls, file = localhost(tmp_path)
    async with raw_server(answer(b'{"a": 1}'), tls=tls) as server:
        origin = f"https://localhost:{server.port}"
        for network, changes in [
            (network_of({"SSL_CERT_FILE": file}), {}),
            (network_of({"REQUESTS_CA_BUNDLE": file}), {}),
            (network_of({}, {"ca_file": "localhost.pem"}, beside=tmp_path), {}),
            (network_of({}), {"ca_file": file}),
        ]:
            transport = Transport(network)
            assert json.loads((await post(transport, origin, **changes)).body) == {"a": 1}
            await transport.close()


async def test_what_is_wrong_with_a_certificate_is_told(transport, tmp_path):
    tls, file = localhost(tmp_path)
    async with raw_server(answer(), tls=tls) as server:
        unknown = await lost(transport, f"https://localhost:{server.port}")
        other = await lost(transport, f"https://127.0.0.1:{server.port}", ca_file=file)
    assert unknown.why.startswith("the certificate of localhost is self-signed; ca_file")
    assert other.why.startswith("the certificate of 127.0.0.1 is for another address; ca_file")
    assert {(each.sent, each.permanent) for each in (unknown, other)} == {(False, True)}


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (10, "certificate has expired", "has expired"),
        (62, "Hostname mismatch", "is for another host name"),
        (20, "unable to get local issuer certificate", "authority that this machine does not know"),
        (26, "unsuitable certificate purpose", "is not valid: unsuitable certificate purpose"),
        (None, "", "is not valid: nobody says why"),
    ],
)
def test_the_words_for_a_certificate(code, said, told):
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, said
    why = what_is_wrong("a.example", error)
    assert told in why
    assert "ca_file" in why


async def test_a_file_of_certificates_that_is_none_is_named(transport, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    for name, why in (("empty.pem", "holds no certificates"), ("none.pem", "No such file")):
        told = await lost(transport, "https://127.0.0.1:9", ca_file=str(tmp_path / name))
        assert name in told.why
        assert why in told.why
        assert (told.sent, told.permanent) == (False, True)
    folder = await lost(transport, "https://127.0.0.1:9", ca_file=str(tmp_path))
    assert "refused" in folder.why


# What is not there


async def test_a_fault_that_stays_is_met_once(clock, request_, unused_tcp_port, monkeypatch):
    async def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", unknown)
    for origin, why in [
        ("https://nowhere.example", "the host nowhere.example is not known"),
        (f"http://127.0.0.1:{unused_tcp_port}", "refused the connection"),
    ]:
        events = []
        config = read_config({"providers": {"reapi": {"base_url": origin, "api_key_env": "K"}}}, {"K": KEY})
        async with Client(config, clock=clock, on_event=events.append) as client:
            with pytest.raises(Unavailable, match=why) as caught:
                await client.generate(request_)
            assert str(caught.value).count(why) == 1
            assert [event.outcome for event in events] == [None, Outcome.NOT_SENT]
            with pytest.raises(Unavailable, match=why):
                await client.balance("reapi")
    assert clock.slept == []


def key_of(host="a.example", port=443):
    return aiohttp.client_reqrep.ConnectionKey(host, port, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "why", "permanent"),
    [
        (aiohttp.ClientConnectorDNSError(key_of(), socket.gaierror(socket.EAI_AGAIN, "later")), "not known", False),
        (aiohttp.ClientConnectorDNSError(key_of(), OSError("no such name")), "no such name", True),
        (aiohttp.ClientConnectorError(key_of(), OSError(113, "No route to host")), "No route to host", False),
        (aiohttp.ClientConnectorSSLError(key_of(), ssl.SSLError(1, "wrong")), "no TLS with a.example:443", True),
        (aiohttp.ClientConnectorCertificateError(key_of(), ValueError("odd")), "odd", True),
        (aiohttp.ServerDisconnectedError(), "closed before there was an answer", False),
        (aiohttp.ClientOSError(104, "Connection reset by peer"), "Connection reset by peer", False),
        (aiohttp.ServerTimeoutError(), "no answer in time", False),
        (UnicodeError("label too long"), "label too long", True),
    ],
)
def test_what_went_wrong_in_words(error, why, permanent):
    assert why in reason(error)
    assert "ssl:" not in reason(error)
    assert is_permanent(error) is permanent


# Odd answers


async def test_many_and_long_headers_are_read_up_to_a_limit(transport):
    long, many = (f"X-Long: {'y' * 60_000}",), tuple(f"X-{n}: 1" for n in range(480))
    async with raw_server(answer(headers=long), answer(headers=many), answer(headers=long * 2)) as server:
        assert len((await post(transport, server.origin)).headers["x-long"]) == 60_000
        assert len((await post(transport, server.origin)).headers) == 481
    for headers in ((f"X-Long: {'y' * 70_000}",), tuple(f"X-{n}: 1" for n in range(600))):
        async with raw_server(answer(headers=headers)) as server:
            told = await lost(transport, server.origin)
        assert told.why == "its answer has more than 500 headers, or one of more than 64 KiB"
        assert told.sent


async def test_what_came_before_it_broke_off_is_kept(transport):
    whole = answer(b'{"id": "task_1", "more": "' + b"x" * 200_000)
    async with raw_server(whole[:-100], b"garbage\r\n\r\n") as server:
        told = await lost(transport, server.origin)
        assert (await lost(transport, server.origin)).why == "its answer is no HTTP"
    assert (told.status, told.why, told.sent) == (200, "the answer broke off", True)
    assert told.body.startswith(b'{"id": "task_1"')
    assert len(told.body) <= 1 << 16


async def test_nothing_is_masked_before_it_is_read(transport):
    async with raw_server(answer(KEY.encode(), headers=(f"X-Echo: {KEY}",))) as server:
        found = await post(transport, server.origin)
    assert (found.body, found.headers["x-echo"]) == (KEY.encode(), KEY)


@pytest.mark.parametrize("encoding", ["br", "zstd", "aws-chunked", "", "UTF-8", "Identity", "binary"])
async def test_an_encoding_that_is_none_leaves_the_answer_as_it_is(transport, encoding):
    async with raw_server(answer(b'{"a": 1}', headers=(f"Content-Encoding: {encoding}",))) as server:
        assert json.loads((await post(transport, server.origin)).body) == {"a": 1}


async def test_no_frame_of_a_failed_call_holds_the_key(transport):
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab") as server:
        told = await lost(transport, server.origin)
    errors, seen = [told], []
    while errors:
        error = errors.pop()
        seen += [error.__cause__, error.__context__]
        errors += [each for each in (error.__cause__, error.__context__) if each is not None]
    assert seen == [None, None]
    trace = told.__traceback__
    while trace is not None:
        if "anymedia" in trace.tb_frame.f_code.co_filename:
            assert KEY not in [value for value in trace.tb_frame.f_locals.values() if isinstance(value, str)]
        trace = trace.tb_next


# Origins


def test_an_origin_is_written_in_idna():
    assert account("https://bücher.example").origin == "https://xn--bcher-kva.example"
    assert account("https://例え.テスト:8443").origin == "https://xn--r8jz45g.xn--zckzah:8443"
    with pytest.raises(ConfigError, match="is not a URL"):
        account("https://\u200d.example")


def test_a_key_goes_unencrypted_only_where_that_is_allowed():
    with pytest.raises(ConfigError, match="allow_http = true"):
        account("http://gateway.internal")
    assert account("http://gateway.internal", allow_http=True).secret().reveal() == KEY
    assert account("http://[::1]:8080").secret().reveal() == KEY


async def test_the_plain_base_url_of_a_plugin_gets_no_key(clock, monkeypatch):
    import attrs

    from anymedia import Account, Config, Secret
    from anymedia.registry import adapters

    plain: Adapter = attrs.evolve(adapters()["reapi"], base_url="http://plugin.example")
    made = Account(name="reapi", adapter=plain, origin=plain.base_url, api_key=Secret(KEY))
    with pytest.raises(ConfigError, match=r"http://plugin.example would carry the API key unencrypted"):
        made.secret()
    assert attrs.evolve(made, allow_http=True).secret().reveal() == KEY
    async with Client(Config(accounts={"reapi": made}, journal=None), clock=clock) as client:
        with pytest.raises(ConfigError, match="unencrypted"):
            await client.balance("reapi")


# Where results may lie


def test_what_the_tables_say():
    data = {
        "network": {"ca_file": "~/ca.pem"},
        "download": {"hosts": ["Files.Internal.example.", "bücher.example"], "networks": ["198.18.0.0/15", "fd00::/8"]},
    }
    network = read_config(data, {}).network
    assert network.hosts == ("files.internal.example", "xn--bcher-kva.example")
    assert network.networks == (ip_network("198.18.0.0/15"), ip_network("fd00::/8"))
    assert network.ca_file == Path("~/ca.pem").expanduser()
    assert read_config({}, {}).network == Network()


@pytest.mark.parametrize(
    ("download", "why"),
    [
        ({"hosts": ["https://a.example"]}, "download.hosts: must be names of hosts"),
        ({"hosts": [1]}, "download.hosts: must be names of hosts"),
        ({"hosts": [""]}, "download.hosts: must be names of hosts"),
        ({"hosts": ["\u200d.example"]}, "is no name of a host"),
        ({"networks": ["10.0.0.1/8"]}, "download.networks: must be networks"),
        ({"networks": [7]}, "download.networks: must be networks"),
        ({"hosts": "a.example"}, "hosts: must be a list"),
    ],
)
def test_what_the_tables_may_not_say(download, why):
    with pytest.raises(ConfigError, match=why):
        read_config({"download": download}, {})


@pytest.mark.parametrize(
    ("host", "passes"),
    [
        ("cdn.example", True),
        ("93.184.215.14", True),
        ("198.18.3.4", True),
        ("10.0.0.1", False),
        ("[::1]", False),
        ("::ffff:10.0.0.1", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("127.1", False),
        ("localhost", False),
        ("metadata", False),
        ("metadata.google.internal", False),
        ("printer.local.", False),
    ],
)
def test_behind_a_proxy_a_host_is_judged_by_its_name(host, passes):
    guard = Guard((ip_network("198.18.0.0/15"),))
    with nullcontext() if passes else pytest.raises(ValueError, match="not a public address"):
        guard.check_name(host)


def test_what_lies_below_a_name():
    assert is_below("Files.example.", ["files.example"])
    assert is_below("eu.files.example", ["a.example", "files.example"])
    assert not is_below("myfiles.example", ["files.example"])


async def test_a_host_that_nobody_knows_has_no_address(transport, monkeypatch):
    async def unknown(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", unknown)
    assert await transport.private_address(account("https://reapi.invalid")) is None


async def test_an_origin_at_which_nobody_answers_is_not_reached_and_behind_a_proxy_not_looked_up(unused_tcp_port):
    at = {"base_url": f"http://127.0.0.1:{unused_tcp_port}", "api_key_env": "KEY"}
    data = {"providers": {"reapi": at, "runapi": at | {"proxy": "http://proxy.example:3128"}}}
    async with Client(read_config(data | {"journal": {"enabled": False}}, {"KEY": "x"})) as client:
        with pytest.raises(Unavailable, match="refused the connection"):
            await client.reach("reapi")
        assert await client.private_address("runapi") is None


# What is looked at before anything is bought


async def test_what_answers_tells_by_how_much_this_clock_is_ahead():
    class Noon(Clock):
        def now(self):
            return datetime(2026, 12, 1, 12, 1, 30, tzinfo=UTC)

    told = answer(headers=("Date: Tue, 01 Dec 2026 12:00:00 GMT",))
    async with raw_server(told, answer(status="404 Not Found")) as server:
        config = {
            "providers": {"reapi": {"base_url": server.origin, "api_key_env": "K"}},
            "journal": {"enabled": False},
        }
        async with Client(read_config(config, {}), clock=Noon()) as client:
            assert await client.reach("reapi") == Reached(status=200, ahead=90.0)
            assert await client.reach("reapi") == Reached(status=404, ahead=None)
            with pytest.raises(ConfigError, match=r"no url of \[webhooks\] is configured"):
                await client.reach_webhooks()


async def test_the_url_of_the_webhooks_is_reached_from_here_or_not(tmp_path, unused_tcp_port):
    async with raw_server(answer(status="405 Method Not Allowed")) as server:
        for origin, status in ((server.origin, 405), (f"http://127.0.0.1:{unused_tcp_port}", None)):
            data = {"webhooks": {"url": f"{origin}/hooks"}, "journal": {"path": str(tmp_path / "journal.db")}}
            async with Client(read_config(data, {})) as client:
                if status is None:
                    with pytest.raises(Unavailable, match=r"/hooks was not reached: .* refused the connection"):
                        await client.reach_webhooks()
                else:
                    assert (await client.reach_webhooks()).status == status


async def test_each_proxy_is_checked_once_and_shown_without_its_password(unused_tcp_port):
    async with raw_server(answer()) as server:
        proxies = {"reapi": server, "runapi": server, "fal": None, "kie": ""}
        gone = f"http://127.0.0.1:{unused_tcp_port}"
        where = {server: f"http://user:word@127.0.0.1:{server.port}", None: gone, "": ""}
        data = {"providers": {name: {"proxy": where[proxy]} for name, proxy in proxies.items()} | {"bfl": {}}}
        config = read_config(data | {"journal": {"enabled": False}}, {"https_proxy": "socks5://p:1"})
        async with Client(config) as client:
            found = await client.check_proxies()
    assert found.pop(f"http://127.0.0.1:{server.port}") is None
    assert found.pop("that of bfl").startswith("HTTPS_PROXY must be a proxy like")
    assert [*found] == [gone]
    assert None not in found.values()
