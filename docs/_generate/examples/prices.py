from anymedia import ImageRequest, MusicRequest, SpeechRequest, VideoRequest
from anymedia.declare import (
    DEAREST,
    VARIANT,
    Adapter,
    Choice,
    Credit,
    Dearest,
    Endpoint,
    File,
    Files,
    Flag,
    Header,
    Lifecycle,
    Metered,
    Offer,
    Pace,
    Param,
    Per,
    PerMegapixel,
    Pixels,
    Price,
    PriceQuote,
    Printed,
    Reply,
    Size,
    Table,
    Text,
    Whole,
)  # fmt: skip
from anymedia.pricing.price import priced
from anymedia.translate.check import check
from anymedia.translate.encode import parts

LAMP = "https://pictures.example/lamp.png"
PROMPT = {"prompt": Param("prompt", Text(1), required=True)}
RATIO = {"auto": DEAREST, "2:1": Dearest("the page names no price for 2:1")}  # billed as the dearest that there is


def picture(name, prices, params, **more):
    return Offer(name=name, params={**PROMPT, **params}, prices=prices, **more)


OFFERS = (
    picture("plain", Price("0.04"), {}),
    picture("counted", Price(credits=3), {"count": Param("n", Whole(1, 4), default=1)}),
    picture("about", Price(usd="0.04", approximate=True), {}),
    picture("doubtful", Price("0.05", doubt="the page says 4 and 5 cents"), {}),
    picture(
        "table",
        Table("resolution variant", {("1K", "text"): "0.05", ("2K", "text"): "0.09", ("1K", "images"): "0.06"})
        | Table(by=("resolution", VARIANT), cells={("2K", "images"): Price("0.12")}),
        {"resolution": Param("size", Choice("1K", "2K"), default="1K"), "images": Param("urls", Files(1, 4))},
    ),
    picture(
        "ratio",
        Table("aspect_ratio", {"1:1": "0.02", "16:9": "0.03"}),
        {"aspect_ratio": Param("ratio", Choice("1:1", "16:9", "2:1", "auto"), default="auto", bills_as=RATIO)},
    ),
    picture(
        "pixels",
        PerMegapixel(first="0.03", further="0.015", put_in="0.02"),
        {"size": Param("", Size(step=16)), "images": Param("urls", Files(0, 4))},
        shape=Pixels(16, {"1K": 1, "2K": 4}, "1:1", "1K"),
    ),
    Offer(
        name="clip",
        kind="video",
        params={
            **PROMPT,
            "duration": Param("seconds", Whole(4, 12), default=5),
            "resolution": Param("mode", Choice("720p", "1080p"), default="720p"),
            "audio": Param("sound", Flag(), default=False, always_sent=True),
        },
        # Rows by the first field, in columns the others; "?" is a price that the page does not print.
        prices=Table.printed(
            "resolution audio", ("false true",), {"720p": ".08 .12", "1080p": ".10 ?"}, per="duration"
        ),
    ),
    Offer(
        name="remix",
        kind="video",
        params={**PROMPT, "duration": Param("s", Whole(1, 60), required=True), "video": Param("v", File())},
        # And up to ten seconds of the clip that is put in.
        prices=Per("0.10", "duration", more=10, doubt="the page has 10 and 12 cents"),
    ),
    Offer(
        name="hum",
        kind="music",
        params={**PROMPT, "duration": Param("seconds", Whole(10, 240), required=True)},
        prices=Per(credits=2, approximate=True),  # for each second
    ),
    Offer(
        name="voice",
        kind="speech",
        params={"text": Param("text", Text(1), required=True)},
        # Each begun thousand characters, 2,000 at least.
        prices=Per(usd="0.03", of="text", each=1000, begun=True, least=2000),
    ),
    Offer(
        name="metered",
        kind="speech",
        params={"text": Param("text", Text(1), required=True)},
        prices=Metered(rates={"tokens": "0.00002"}, most={"tokens": 20_000}),  # `Reply.used` says how many it took
    ),
)
coin = Adapter(
    name="coin",
    title="Coin",
    page="docs.coin.example",
    read="2026-11-20",
    base_url="https://api.coin.example",
    api_key_env=("COIN_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")), pace=Pace(first=1, then=1)),
    printed=Printed(date="2026-11-20", source="docs.coin.example/prices"),
    credit=Credit("0.004"),
    # A call that tells what a task would cost, and buys nothing.
    price_quote=PriceQuote(
        call=Endpoint(method="POST", path="/v1/quotes", keyed=False),
        of="/v1",
        sends={"model": "{wire_id}", "input": "{body}"},
        known={"state": "ready", "currency": "USD"},
        usd="cents!cents",
        date="since!iso",
        changes="/v1/price-list",
    ),
    offers=OFFERS,
)
# Where the price of one unit is told, by a GET with the API key at another host.
PER_UNIT = PriceQuote(
    call=Endpoint(method="GET", origin="https://prices.coin.example", path="/v1", query={"model": "{wire_id}"}),
    usd="prices[0].each",
    unit="prices[0].unit",
    units={"picture": "count", "second": "duration"},
    doubt="it tells no price of sound",
)


def costs(name, request=ImageRequest, words="a lighthouse", **fields):
    offer = coin.offer(name)
    subject = {"text" if request is SpeechRequest else "prompt": words}
    checked = check(request(model=name, **subject, **fields), coin, offer)
    assert checked.problems == ()
    return str(priced(checked, parts(checked)))


assert costs("plain") == "$0.04"
assert costs("counted", count=2) == "$0.024"  # three credits each
assert costs("about") == costs("plain").replace("$", "~$")  # ~ marks what is not exact
assert costs("doubtful") == "~$0.05"
assert costs("table", resolution="2K") == "$0.09"
assert costs("table", resolution="2K", images=LAMP) == "$0.12"
assert costs("ratio") == "$0.03"
assert costs("pixels", resolution="2K") == "$0.075"  # 0.03 and three more
assert costs("clip", VideoRequest, duration=10, audio=True) == "$1.20"
assert costs("clip", VideoRequest, resolution="1080p", audio=True) == "unknown"  # and never 0
assert costs("remix", VideoRequest, duration=5, video=LAMP) == "~$1.50"
assert costs("hum", MusicRequest, duration=30) == "~$0.24"
assert costs("voice", SpeechRequest, "x" * 2500) == "$0.09"
assert costs("metered", SpeechRequest) == "~$0.40"  # what it takes at most; the rest is not billed
assert Credit(usd="0.004", whole=True).bill(coin.credit.usd * 3 / 2) == 2  # whole credits, rounded up
