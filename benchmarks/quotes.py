"""What quotes cost: the CPU seconds in which a thousand requests are quoted at every offer there is.

Nothing is sent; of several rounds the least counts, as what disturbs a measurement only ever adds to it.
"""

import tempfile
import time
from collections.abc import Iterator

from anymedia import Client, ImageRequest, read_config
from anymedia.registry import adapters, offers

REQUESTS = 1000
ROUNDS = 5
RATIOS = ("1:1", "16:9", "9:16", "3:2", "2:3", "4:3", "3:4")
MODELS = tuple(sorted({offer.model for _, offer in offers()}))


def requests(number: int) -> Iterator[ImageRequest]:
    """Yield a request for each model; the number decides what else it says."""
    for model in MODELS:
        yield ImageRequest(
            model=model,
            prompt=f"a lighthouse at dusk, number {number}",
            aspect_ratio=RATIOS[number % len(RATIOS)],
            resolution=("1K", "2K")[number // 7 % 2],
            count=number % 4 + 1,
        )


def rows() -> Iterator[tuple[str, float, str]]:
    """Measure everything."""
    wanted = [request for number in range(REQUESTS) for request in requests(number)]
    spent, quoted = [], 0
    with tempfile.TemporaryDirectory() as folder:
        data = {"providers": {name: {} for name in adapters()}, "journal": {"enabled": False}}
        client = Client(read_config(data, {"HOME": folder}))  # none of the user's own prices
        for _ in range(ROUNDS):
            before = time.process_time()
            quoted = sum(len(client.quote(request, on_unsupported="drop")) for request in wanted)
            spent.append(time.process_time() - before)
    detail = f"{quoted:,} quotes, {min(spent) / quoted * 1e6:.0f} µs each"
    yield f"{REQUESTS:,} requests quoted at every offer, CPU s", min(spent), detail
