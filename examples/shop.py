"""Shop for price: the cheapest offer for each of a list of requests, if it costs no more than a ceiling.

    python examples/shop.py                                 # shows what would be bought; asks nobody
    python examples/shop.py --buy                           # buys it at simulators, for nothing
    python examples/shop.py --buy --config anymedia.toml    # buys it at your accounts: this costs money

A price that nobody knows is not below any ceiling: such a request is left out, with the reason.
"""

import argparse
import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import anymedia
from anymedia import (
    AnymediaError,
    Billed,
    Client,
    Config,
    ImageRequest,
    Money,
    MusicRequest,
    PriceStatus,
    Quote,
    Request,
    Unsupported,
    VideoRequest,
    load_config,
    read_config,
)
from anymedia.model.money import total
from anymedia.simulators import running

REFERENCE = "https://pictures.example/lighthouse.jpg"
REQUESTS: dict[str, Request] = {
    "a poster": ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K", aspect_ratio="3:4"),
    "a banner": ImageRequest(
        model="gpt-image-2", prompt="a lighthouse at dusk", resolution="2K", aspect_ratio="16:9", quality="high"
    ),
    "an edit": ImageRequest(model="flux-2-pro", prompt="make it night", images=REFERENCE, resolution="1K"),
    "six icons": ImageRequest(model="z-image", prompt="a lighthouse, as an icon", aspect_ratio="1:1", count=6),
    "a clip": VideoRequest(model="kling-3.0", prompt="waves at dusk", duration=5, resolution="720p", audio=False),
    "two songs": MusicRequest(model="suno-v5.5", prompt="a shanty about a lighthouse"),
    "the best": ImageRequest(model="qwen-image-2-pro", prompt="a lighthouse at dusk", aspect_ratio="1:1"),
}


NOTHING = Money(usd=Decimal(0), status=PriceStatus.EXACT)


def choose(quote: Callable[[Request], list[Quote]], ceiling: Decimal) -> dict[str, Quote | str]:
    """Return for each request the cheapest quote that is known and under the ceiling, else why there is none."""
    chosen: dict[str, Quote | str] = {}
    for name, request in REQUESTS.items():
        try:
            cheapest = quote(request)[0]  # unknown prices come last, refusals after them
        except Unsupported as error:
            chosen[name] = str(error)
            continue
        if cheapest.money.usd is None:
            chosen[name] = f"{cheapest.offer} is {cheapest.status}: {'; '.join(cheapest.reasons)}"
        else:
            chosen[name] = cheapest if cheapest.money.usd <= ceiling else f"{cheapest.offer} costs {cheapest.money}"
    return chosen


def show(chosen: dict[str, Quote | str]) -> None:
    """Print a line for each request, and what all of them cost."""
    quotes = []
    for name, choice in chosen.items():
        if isinstance(choice, str):
            print(f"{name:10} not bought: {choice}")
        else:
            quotes.append(choice)
            credits = "" if choice.money.credits is None else f"{choice.money.credits:f} credits"
            print(f"{name:10} {choice.offer:28} {choice.money!s:>9}  {credits}")
    cost = total([NOTHING, *(quote.money for quote in quotes)])
    print(f"{'sum':10} {f'{len(quotes)} of {len(chosen)} requests':28} {cost!s:>9}")


async def buy(client: Client, name: str, quote: Quote, out: Path) -> Money:
    """Make a request at the offer that was chosen, save it, and return what it took."""
    try:
        result = await client.generate(REQUESTS[name], quote.account, offer=quote.offer)
        files = await client.download(result, out / name.replace(" ", "-"))
    except AnymediaError as error:
        print(f"{name:10} {type(error).__name__}, billed: {error.billed}: {error}")
        return NOTHING if error.billed is Billed.NO else Money.unknown(str(error))
    print(f"{name:10} {len(files)} saved in {out / name.replace(' ', '-')}")
    return result.money


async def shop(config: Config, ceiling: Decimal, out: Path | None) -> None:
    """Quote every request at the accounts of a config, and buy what was chosen if there is a folder for it."""
    async with Client(config) as client:
        chosen = choose(client.quote, ceiling)
        show(chosen)
        if out is not None:
            bought = {name: quote for name, quote in chosen.items() if isinstance(quote, Quote)}
            took = await asyncio.gather(*(buy(client, name, quote, out) for name, quote in bought.items()))
            print(f"billed {total([NOTHING, *took])}")


def usd(text: str) -> Decimal:
    """Return an amount of the command line."""
    try:
        return Decimal(text)
    except ArithmeticError:
        raise argparse.ArgumentTypeError(f"must be an amount in USD, like 0.50, not {text!r}") from None


async def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="The cheapest offer for each of a list of requests.")
    parser.add_argument("--ceiling", type=usd, default=Decimal("0.50"), help="USD for one request (0.50)")
    parser.add_argument("--buy", action="store_true", help="make them: at simulators, unless --config is given")
    parser.add_argument("--config", help="an anymedia.toml, whose accounts are asked")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the files go (out)")
    given = parser.parse_args()
    out = given.out if given.buy else None
    if given.config is not None:
        await shop(load_config(given.config), given.ceiling, out)
    elif given.buy:
        async with running(speed=20) as simulators:
            await shop(read_config(simulators.config, simulators.environ), given.ceiling, out)
    else:
        show(choose(anymedia.quote, given.ceiling))  # at every known provider


if __name__ == "__main__":
    asyncio.run(main())
