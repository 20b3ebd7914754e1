"""A clip that goes on from a picture, at whichever account the configuration names first.

    python examples/clip.py                                 # at simulators, for nothing
    python examples/clip.py --config anymedia.toml          # at your accounts: this costs money

Which provider makes it is one line of anymedia.toml, `accounts = ["reapi", "runapi"]` under [route]; no line of this
file knows any. What differs between them is said beforehand, and what it took afterwards.
"""

import argparse
import asyncio
from pathlib import Path

from anymedia import Client, Config, VideoRequest, load_config, read_config
from anymedia.simulators import running

CLIP = VideoRequest(
    model="kling-3.0",
    prompt="the light begins to turn, and the waves roll in",
    first_frame="https://pictures.example/lighthouse.png",
    duration=5,
    resolution="720p",
    audio=False,
)
MAX_PRICE = "1.00"


async def make(config: Config, out: Path) -> None:
    """Tell what the clip would cost, make it within the ceiling, and save it."""
    async with Client(config) as client:
        for quote in client.quote(CLIP):
            print(f"{quote.offer}: {quote.money}", *quote.reasons)
        result = await client.generate(CLIP, max_price=MAX_PRICE)
        (task,) = result.tasks
        for adjustment in task.adjustments:
            print(f"{adjustment.field}: {adjustment.reason}")
        for file in await client.download(result, out):
            what = f"{file.width}x{file.height}, {file.seconds} s"
            print(f"{task.account} made {file.path}: {what}, for {result.money}")


async def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A clip that goes on from a picture.")
    parser.add_argument("--config", help="an anymedia.toml, whose accounts are asked")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the clip goes (out)")
    given = parser.parse_args()
    if given.config is not None:
        await make(load_config(given.config), given.out)
        return
    async with running(speed=20) as simulators:
        await make(read_config(simulators.config, simulators.environ), given.out)


if __name__ == "__main__":
    asyncio.run(main())
