"""A process that buys songs and clips of a simulator in another one, and says how much memory the long ones took."""

import asyncio
import json
import sys
from pathlib import Path

from anymedia import Client, MusicRequest, VideoRequest, read_config
from anymedia.testing import FakeClock
from tests.client.large import peak

EACH = 2
"""Clips, and pairs of songs, that are bought and saved at a time."""


def works(seconds, resolution, length):
    """Return the requests for clips and for songs."""
    clip = VideoRequest(model="kling-3.0", prompt="Rain", duration=seconds, resolution=resolution, audio=True)
    return [clip, MusicRequest(model="suno-v6", lyrics="La", style="folk", title="Rain", duration=length)] * EACH


async def bought(config, folder):
    """Buy short works and then long ones, and return the files of these and the memory that they took."""
    async with Client(config, clock=FakeClock()) as client:

        async def saved(request):
            return await client.download(await client.generate(request), folder)

        await asyncio.gather(*map(saved, works(3, "720p", 10)))
        before = peak()
        files = await asyncio.gather(*map(saved, works(15, "1080p", 200)))
    return {"files": [str(file.path) for some in files for file in some], "before": before, "peak": peak()}


if __name__ == "__main__":
    origin, key, folder = sys.argv[1:]
    tables = {"providers": {"reapi": {"base_url": origin, "api_key_env": "KEY"}}, "journal": {"path": f"{folder}.db"}}
    print(json.dumps(asyncio.run(bought(read_config(tables, {"KEY": key}), Path(folder)))))
