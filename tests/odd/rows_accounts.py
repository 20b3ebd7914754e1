"""Kinds 11 to 14: accounts and networks."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import attrs
import pytest

from anymedia import Billed, ConfigError, DeadlineExceeded, Outcome, SubmitUncertain, read_config
from tests.client.raw import localhost

from .files import HTML, PNG
from .raw_server import reply
from .table import each, row
from .world import REQUEST, WORDS, failing, paid, told

OTHER = attrs.evolve(REQUEST, prompt="a harbour at noon")

# 11. One 403 is not the account

FIREWALL = b"<html><head><title>Blocked by the firewall</title></head><body>Ray 5f</body></html>"
REFUSALS = (
    ("a firewall's 403", lambda p: reply(FIREWALL, 403, kind="text/html"), "Blocked by the firewall"),
    ("a 403 for one model", lambda p: p.refusal(403, "organization must be verified"), "organization must be verified"),
    ("a 403 in plain text", lambda p: reply("not this prompt\nRay 5f", 403, kind="text/plain"), "not this prompt"),
    ("a 403 without a body", lambda p: reply(b"", 403), "403"),
)


@each(11, "{} concerns the request: the next offer is asked, and the account is asked again", *REFUSALS)
async def _one_403(world, answer, text):
    world.reapi.refuses(answer(world.reapi))
    async with world.client("reapi", "runapi") as client:
        first = await client.submit(REQUEST)
        second = await client.submit(OTHER)
        assert (first.account, second.account) == ("runapi", "reapi")
    assert world.bills == 2


@each(11, "{} is told with its text", *REFUSALS)
async def _text_of_403(world, answer, text):
    world.reapi.refuses(answer(world.reapi))
    async with world.client() as client:
        error = await failing(client.submit(REQUEST))
        told(error, text)
        assert (error.billed, error.status) == (Billed.NO, 403)
        assert "<" not in str(error)
        assert (await client.submit(OTHER)).account == "reapi"


ONE_401 = (
    ("json", lambda p: p.refusal(401, "auth service timed out")),
    ("a page", lambda p: reply(b"<html><title>auth service timed out</title></html>", 401, kind="text/html")),
    ("plain text", lambda p: reply("auth service timed out", 401, kind="text/plain")),
)


@each(11, "one 401 of an auth service in trouble, as {}, cools the account down for a while", *ONE_401)
async def _one_401(world, answer):
    world.reapi.refuses(answer(world.reapi))
    async with world.client("reapi", "runapi") as client:
        assert (await client.submit(REQUEST)).account == "runapi"
        assert (await client.submit(OTHER)).account == "runapi"  # it is left alone now
        world.clock.seconds += 900
        assert (await client.submit(REQUEST)).account == "reapi"
        assert (await client.submit(OTHER)).account == "reapi"


@row(11, "a 401 that stays is tried ever more seldom")
async def _many_401(world):
    world.reapi.refuses(world.reapi.refusal(401, "auth service timed out"), 1000)
    async with world.client("reapi", "runapi") as client:
        asked = []
        for _ in range(4):
            before = len(world.reapi.buys())
            for _ in range(12):
                await client.submit(REQUEST)
                world.clock.seconds += 100
            asked.append(len(world.reapi.buys()) - before)
        assert asked[0] >= 2
        assert asked[-1] < asked[0]
    assert len(world.provider("runapi").bills) == 48


@row(11, "a 401 says its text in the command's error")
def _401_on_the_command_line(world):
    world.reapi.refuses(reply(FIREWALL, 401, kind="text/html"), 9)
    ended = world.cli(*WORDS, config=world.write())
    assert ended.exit_code == 1
    assert "error: reapi answered 401 Blocked by the firewall; nothing was billed" in " ".join(ended.stderr.split())


@row(11, "a title is cut, and its lines and escapes are no lines and escapes of the error")
async def _ugly_title(world):
    world.reapi.refuses(reply(b"<title>\n a\x1b[31m b\n" + b"long " * 5000 + b"</title>", 403, kind="text/html"))
    async with world.client() as client:
        error = await failing(client.submit(REQUEST))
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 3000


# 12. Proxies and certificates


class Proxy:
    """A site that passes on what it is asked in absolute form, and refuses to open tunnels."""

    def __init__(self, world):
        self.site = world.site()
        self.site.answering = self.answer
        self.world = world

    def answer(self, asked):
        if asked.method == "CONNECT":
            return reply(b"no way there", 502, kind="text/plain", end="close")
        _, _, rest = asked.path.partition("//")
        host, _, path = rest.partition("/")
        provider = self.world.reapi
        assert provider.origin.endswith(host)
        return provider.answer(attrs.evolve(asked, path=f"/{path}"))

    @property
    def methods(self):
        return [asked.method for asked in self.site.asked]


@row(12, "proxy = … of an account carries its calls")
async def _proxy_of_an_account(world):
    proxy = Proxy(world)
    async with world.client(account={"proxy": proxy.site.origin}) as client:
        task = await client.submit(REQUEST)
        await client.wait(task)
    assert world.bills == 1
    assert world.reapi.site.asked == []
    assert len(proxy.site.asked) == 2


@each(12, "proxy = {}", ("a word", "nonsense"), ("an ftp url", "ftp://127.0.0.1:1"), ("a number", 5))
def _bad_proxy(world, proxy):
    with pytest.raises(ConfigError, match="proxy"):
        read_config(world.data(account={"proxy": proxy}), world.environ)


def _far(world, **account):
    world.environ["K"] = "planted-key"
    table = {"base_url": "https://reapi.invalid", "api_key_env": "K", **account}
    return {"providers": {"reapi": table}, "journal": {"path": str(world.journal)}}


@each(12, "{} is honoured", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
async def _proxy_of_the_environment(world, name):
    proxy = Proxy(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, proxy.site.origin)
        world.environ[name] = proxy.site.origin
        async with world.client_of(_far(world)) as client:
            error = await failing(client.submit(REQUEST))
    assert "CONNECT" in proxy.methods
    assert proxy.site.asked[0].path == "reapi.invalid:443"
    assert (error.billed, error.outcome) == (Billed.NO, Outcome.NOT_SENT)
    assert "planted-key" not in str([asked.headers for asked in proxy.site.asked])


@each(12, "NO_PROXY={} is honoured", "reapi.invalid", ".invalid", "*", "example.com,reapi.invalid")
async def _no_proxy(world, names):
    proxy = Proxy(world)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HTTPS_PROXY", proxy.site.origin), ("NO_PROXY", names)):
            patch.setenv(name, value)
            world.environ[name] = value
        async with world.client_of(_far(world)) as client:
            error = await failing(client.submit(REQUEST))
    assert proxy.site.asked == []
    assert error.outcome is Outcome.NOT_SENT


@row(12, "a proxy that is down is named, and nothing was sent")
async def _dead_proxy(world):
    async with world.client_of(_far(world, proxy="http://127.0.0.1:9")) as client:
        error = await failing(client.submit(REQUEST))
    assert (error.billed, error.outcome) == (Billed.NO, Outcome.NOT_SENT)
    assert "proxy" in str(error).lower() or "127.0.0.1" in str(error)


@row(12, "the password of a proxy is nowhere shown")
async def _proxy_password(world):
    proxy = Proxy(world)
    address = proxy.site.origin.replace("//", "//me:planted-password@")
    data = _far(world, proxy=address)
    async with world.client_of(data) as client:
        error = await failing(client.submit(REQUEST))
        attempts = await client.attempts()
    assert "planted-password" not in str(error) + repr(error) + repr(attempts) + repr(client.config)


PERMANENT = (
    ("a refused port", lambda world: "https://127.0.0.1:9"),
    ("a refused port without tls", lambda world: "http://127.0.0.1:9"),
    ("an unknown host", lambda world: "https://reapi.invalid"),
)


@each(12, "{} is not tried four times with four equal lines", *PERMANENT)
async def _permanent(world, origin):
    data = _far(world, base_url=origin(world))
    async with world.client_of(data) as client:
        error = await failing(client.submit(REQUEST))
        attempts = await client.attempts()
    assert (error.billed, error.outcome) == (Billed.NO, Outcome.NOT_SENT)
    assert len(attempts) == 1
    assert [seconds for seconds in world.clock.slept if seconds] == []
    lines = [line for line in str(error).splitlines() if line]
    assert len(lines) == len(set(lines)) == 1


class Tls:
    """A reAPI behind a certificate for localhost that nobody knows."""

    def __init__(self, world):
        context, self.cert = localhost(world.folder)
        self.provider = world.reapi
        self.site = world.site(tls=context)
        self.site.answering = self.provider.answer
        self.origin = f"https://localhost:{self.site.port}"


@row(12, "a certificate error says what is wrong with it and names the setting")
async def _certificate(world):
    tls = Tls(world)
    async with world.client_of(_far(world, base_url=tls.origin)) as client:
        error = await failing(client.submit(REQUEST))
        assert len(await client.attempts()) == 1
    assert (error.billed, error.outcome) == (Billed.NO, Outcome.NOT_SENT)
    told(error, "self", "sign", "ca_file")


@row(12, "a certificate of another name says so")
async def _wrong_name(world):
    tls = Tls(world)
    data = _far(world, base_url=f"https://127.0.0.1:{tls.site.port}", ca_file=tls.cert)
    async with world.client_of(data) as client:
        error = await failing(client.submit(REQUEST))
    assert error.outcome is Outcome.NOT_SENT
    told(error, "127.0.0.1", "is for another")


@each(12, "{} makes a certificate known", "ca_file", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
async def _ca(world, setting):
    tls = Tls(world)
    account = {"ca_file": tls.cert} if setting == "ca_file" else {}
    with pytest.MonkeyPatch.context() as patch:
        if not account:
            patch.setenv(setting, tls.cert)
            world.environ[setting] = tls.cert
        async with world.client_of(_far(world, base_url=tls.origin, **account)) as client:
            task = await client.submit(REQUEST)
            assert (await client.wait(task)).id == world.reapi.bills[0]


@each(12, "ca_file = {} is told before anything is sent", ("a file that is not there", None), ("no certificate", b"x"))
async def _bad_ca(world, data):
    file = world.folder / "ca.pem"
    if data is not None:
        file.write_bytes(data)
    try:
        async with world.client_of(_far(world, base_url="https://localhost:9", ca_file=str(file))) as client:
            error = await failing(client.submit(REQUEST))
    except ConfigError as refused:
        error = refused
    assert error.billed is Billed.NO
    assert "ca_file" in str(error) or "ca.pem" in str(error)


# 13. Headers, statuses, times


@each(
    13,
    "{} of headers are read",
    ("60 KB in one", [("X-Policy", "p" * 60_000)]),
    ("400", [(f"X-{n}", "v") for n in range(400)]),
)
async def _long_headers(world, headers):
    world.reapi.always_submit = lambda task: reply(world.reapi.shape.accepted(task), headers=headers)
    links = [world.reapi.url()]
    world.reapi.always_look = lambda task: reply(world.reapi.shape.done(task, links), headers=headers)
    world.reapi.always_file["/f/a.png"] = reply(PNG, headers=headers)
    async with world.client() as client:
        await client.download(await client.generate(REQUEST), world.out)
    assert list(world.files().values()) == [PNG]


@each(
    13,
    "{} of headers: a sentence",
    ("200 KB", [("X-Policy", "p" * 200_000)]),
    ("900", [(f"X-{n}", "v") for n in range(900)]),
)
async def _too_long_headers(world, headers):
    world.reapi.always_submit = lambda task: reply(world.reapi.shape.accepted(task), headers=headers)
    async with world.client() as client:
        error = await failing(client.submit(REQUEST), SubmitUncertain)
    told(error, "header")
    assert "pppp" not in str(error)
    assert len(str(error)) < 400


@each(
    13, "a {} at the submit was not carried out: the next offer is asked", 301, 307, 308, 511, 521, 523, 525, 526, 530
)
async def _not_carried_out(world, status):
    headers = [("Location", "https://elsewhere.example/login")]
    world.reapi.refuses(reply(HTML, status, kind="text/html", headers=headers), 9)
    async with world.client("reapi", "runapi") as client:
        task = await client.submit(REQUEST)
    assert task.account == "runapi"
    assert world.bills == 1


@each(13, "a {} at the submit is uncertain", 302, 303, 408, 499, 500, 502, 504, 520, 522, 524)
async def _uncertain(world, status):
    world.reapi.always_submit = lambda _: reply(HTML, status, headers=[("Location", "/login")])
    async with world.client("reapi", "runapi") as client:
        error = await failing(client.submit(REQUEST), SubmitUncertain)
    assert error.billed is Billed.UNKNOWN
    assert world.bills == 1


@each(13, "a {} without a Location at the submit is uncertain", 301, 307, 308)
async def _no_location(world, status):
    world.reapi.always_submit = lambda _: reply(b"", status)
    async with world.client("reapi", "runapi") as client:
        await failing(client.submit(REQUEST), SubmitUncertain)
    assert world.bills == 1


def _epoch(world):
    return world.clock.seconds


WAITS = (
    ("a float", lambda world: [("Retry-After", "7.5")], 7.5),
    ("seconds", lambda world: [("Retry-After", "7")], 7),
    ("blanks around", lambda world: [("Retry-After", "  7  ")], 7),
    ("milliseconds", lambda world: [("retry-after-ms", "7500")], 7.5),
    ("an epoch", lambda world: [("Retry-After", str(int(_epoch(world)) + 40))], 40),
    ("an epoch as a float", lambda world: [("Retry-After", f"{_epoch(world) + 40:.3f}")], 40),
    ("a date", lambda world: [("Retry-After", _date(world, 40))], 39),
    ("a date without zone", lambda world: [("Retry-After", _date(world, 40).removesuffix(" GMT"))], 39),
    ("a date with an offset", lambda world: [("Retry-After", _date(world, 40).replace("GMT", "+0000"))], 39),
    (
        "a date by the server's clock, which is an hour ahead",
        lambda world: [("Retry-After", _date(world, 3640)), ("Date", _date(world, 3600))],
        39,
    ),
    (
        "a date by the server's clock, which is a day behind",
        lambda world: [("Retry-After", _date(world, 40 - 86400)), ("Date", _date(world, -86400))],
        39,
    ),
)


def _date(world, seconds):
    return format_datetime(datetime.fromtimestamp(_epoch(world), UTC) + timedelta(seconds=seconds), usegmt=True)


@each(13, "Retry-After as {} at a look", *WAITS)
async def _retry_after(world, headers, seconds):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        asked = []

        def limited(_):
            asked.append(world.clock.seconds)
            return reply(world.reapi.shape.refused(429, "slower"), 429, headers=headers(world))

        world.reapi.looks = [limited]
        await client.wait(task)
        assert seconds <= world.clock.seconds - asked[0] <= seconds + 15


@each(13, "Retry-After as {} at a submit", *WAITS[:7])
async def _retry_after_submit(world, headers, seconds):
    refused = world.reapi.shape.refused(429, "slower")
    began = world.clock.seconds
    world.reapi.refuses(reply(refused, 429, headers=headers(world)))
    async with world.client() as client:
        await client.submit(REQUEST)
    assert seconds <= world.clock.seconds - began <= seconds + 15
    assert world.bills == 1


@each(13, "Retry-After as {} is as good as none", "soon", "-5", "nan", "inf", "1e999")
async def _no_retry_after(world, text):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        began = world.clock.seconds
        world.reapi.looks = [
            lambda _: reply(world.reapi.shape.refused(429, "slower"), 429, headers=[("Retry-After", text)])
        ]
        await client.wait(task)
        assert world.clock.seconds - began < 120


@each(13, "a look is made once more before a wait that passes the deadline of {} s", 6, 7, 8)
async def _last_look(world, timeout):
    world.reapi.looks = [lambda task: reply(world.reapi.shape.state(task, "processing"))]
    async with world.client() as client:
        task = await client.submit(REQUEST)
        assert (await client.wait(task, timeout=timeout)).id == task.id


@row(13, "a look is made once more before a Retry-After that passes the deadline")
async def _last_look_after(world):
    refused = world.reapi.shape.refused(429, "slower")
    world.reapi.looks = [lambda _: reply(refused, 429, headers=[("Retry-After", "3600")])]
    async with world.client() as client:
        task = await client.submit(REQUEST)
        try:
            await client.wait(task, timeout=60)
        except DeadlineExceeded as error:
            paid(error)
            told(error, "slower")
        assert world.clock.slept[-1] < 3600


# 14. base_url

URLS = (
    ("umlauts", "https://bücher.example", "https://xn--bcher-kva.example"),
    ("capitals and umlauts", "https://BÜCHER.example:8443", "https://xn--bcher-kva.example:8443"),
    ("ideographs", "https://例え.テスト", "https://xn--r8jz45g.xn--zckzah"),
    ("a full stop of another script", "https://例え。テスト", "https://xn--r8jz45g.xn--zckzah"),
)


@each(14, "base_url with {} is written in idna", *URLS)
def _idna(world, url, origin):
    account = read_config(_far(world, base_url=url), world.environ).account("reapi")
    assert account.origin == origin


@each(
    14,
    "base_url with {} for a host is refused",
    ("a blank", "https://a b.example"),
    ("a nul", "https://exa\u0000mple"),
    ("full stops", "https://.."),
    ("a label of 80 letters", "https://" + "ü" * 80),
)
def _no_host(world, url):
    with pytest.raises(ConfigError, match="base_url"):
        read_config(_far(world, base_url=url), world.environ)


@row(14, "plain http to a named host is refused, and the setting is named")
def _plain_http(world):
    with pytest.raises(ConfigError, match="allow_http"):
        read_config(_far(world, base_url="http://gateway.example"), world.environ)


@row(14, "plain http to a named host with allow_http = true")
def _allowed_http(world):
    account = read_config(_far(world, base_url="http://gateway.example", allow_http=True), world.environ)
    assert account.account("reapi").origin == "http://gateway.example"


@each(14, "plain http to {} needs no setting", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080")
def _loopback(world, url):
    assert read_config(_far(world, base_url=url), world.environ).account("reapi").origin == url


@row(14, "a key over plain http that is allowed arrives")
async def _key_over_http(world):
    async with world.client(account={"allow_http": True}) as client:
        await client.submit(REQUEST)
    assert world.reapi.shape.key_of(world.reapi.buys()[0]) == "planted-key-of-reapi-5f0c1d"
