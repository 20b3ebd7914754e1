"""Product shots: one for each row of a CSV with local pictures, bought as a batch that may be killed and started again.

    python examples/catalogue.py                                             # 200 shots at simulators, for nothing
    python examples/catalogue.py mine.csv --config anymedia.toml --budget 5  # yours, at your accounts: this costs money

Without a CSV it makes one of 200 products, with a small picture of each. Whatever ends it (Ctrl-C, kill -9, a power
cut), start it again: it goes on where it was, buys nothing twice and forgets nothing. Simulators that it runs itself
end with it, and know nothing of an earlier run; to see it go on, let others run them:

    anymedia simulate --write simulated                                      # in another terminal
    . simulated/keys; python examples/catalogue.py --config simulated/anymedia.toml
"""

import argparse
import asyncio
import colorsys
import csv
import signal
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path

from anymedia import BadRows, Client, Config, Manifest, RowEnd, load_config, read_config, read_rows
from anymedia.model.money import dollars
from anymedia.simulators import running

NAME = "catalogue"
"""The name of the batch: started again under it, it goes on."""

THINGS = ("mug", "lamp", "chair", "vase", "clock", "kettle", "basket", "stool", "teapot", "candle")
STYLES = ("oak", "blue", "tall", "round", "small", "striped", "linen", "copper", "green", "white")
PLACES = ("on a white table, in soft light", "on a shelf, in the evening")


def make_catalogue(folder: Path) -> Path:
    """Write a CSV of 200 shots and a picture of each product into a folder, unless they are there."""
    file = folder / f"{NAME}.csv"
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    products = [f"{style}-{thing}" for thing in THINGS for style in STYLES]
    for number, product in enumerate(products):
        picture = folder / "pictures" / f"{product}.png"
        if not picture.exists():
            picture.write_bytes(png(number / len(products)))
    with file.open("w", encoding="utf-8", newline="") as held:
        table = csv.writer(held)
        table.writerow(("model", "prompt", "images", "aspect_ratio", "resolution", "label.product", "label.place"))
        for product in products:
            for place, words in enumerate(PLACES, 1):
                prompt = f"A product shot of this {product.replace('-', ' ')} {words}"
                table.writerow(("flux-2-pro", prompt, f"pictures/{product}.png", "1:1", "1K", product, place))
    return file


def png(hue: float, side: int = 256) -> bytes:
    """Return a picture in bands of one hue."""
    bands = [bytes(round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.3 + band / 16, 0.6)) for band in range(8)]
    pixels = b"".join(b"\0" + bands[line * len(bands) // side] * side for line in range(side))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held)) for name, held in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def shoot(config: Config, file: Path, out: Path, *, budget: str, at_once: int) -> bool:
    """Buy what is not bought yet, save it, and return whether all of it is done."""
    rows = read_rows(file, config)
    async with Client(config) as client:
        batch = client.batch(rows, name=NAME, where=out, budget=budget, at_once=at_once)
        manifest = Manifest(out / f"{NAME}.manifest.jsonl", NAME, prompts=config.prompts)
        plan = await batch.plan()
        print(
            f"{plan.rows} shots, {plan.bought_before} of them bought before; the rest costs {plan.money},", flush=True
        )
        print(f"or {dollars(plan.worst)} where it goes to the dearest offers; the budget is ${budget}", flush=True)

        def tell(end: RowEnd) -> None:
            manifest.add(end)
            said = end.state if end.error is None else f"{end.state}: {end.error}"
            product = " ".join(getattr(end.row.request, "labels", {}).values())
            print(f"{end.number:4} {product:18} {said}{' (bought before)' * end.bought_before}", flush=True)

        with suppress(NotImplementedError):  # where there are no signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, batch.stop)  # what is under way is waited for
        end = await batch.run(tell)
        manifest.close(end)
    print(f"{end.done} of {end.rows} done, {dollars(end.spent)} billed: {manifest.summary}")
    return end.why == "done"


async def main() -> bool:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="One product shot for each row of a CSV.")
    parser.add_argument("file", nargs="?", type=Path, help="a CSV with fields of requests as headers (200 of its own)")
    parser.add_argument("--config", help="an anymedia.toml, whose accounts are asked (simulators)")
    parser.add_argument("--out", type=Path, default=Path(NAME), help=f"where the files go ({NAME})")
    parser.add_argument("--budget", default="20", help="USD for all of it, over all its runs (20)")
    parser.add_argument("--at-once", type=int, default=32, help="shots in flight at most (32)")
    given = parser.parse_args()
    file = make_catalogue(given.out / "source") if given.file is None else given.file
    wanted = {"budget": given.budget, "at_once": given.at_once}
    if given.config is not None:
        return await shoot(load_config(given.config), file, given.out, **wanted)
    async with running(speed=20) as simulators:
        return await shoot(read_config(simulators.config, simulators.environ), file, given.out, **wanted)


if __name__ == "__main__":
    try:
        sys.exit(not asyncio.run(main()))
    except BadRows as bad:
        sys.exit(str(bad))
