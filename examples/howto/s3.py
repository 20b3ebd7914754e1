"""Pictures from a bucket and into a bucket: nothing that is to last lies on this machine.

    pip install '/path/to/anymedia-….whl[cli,simulators,storage]'
    python examples/howto/s3.py photo.png "the same house at night" house-17

The bucket is [storage] in anymedia.toml; its keys are in the store's own variables, like AWS_ACCESS_KEY_ID.
"""

import argparse
import asyncio
from pathlib import Path

from anymedia import Client, ImageRequest


async def make(picture: Path, prompt: str, name: str) -> str:
    """Make a picture of another, once under a name, and return where it lies, like s3://bucket/prefix/…."""
    request = ImageRequest(model="flux-2-pro", prompt=prompt, images=picture, resolution="1K", labels={"batch": "s3"})
    async with Client() as client:
        print("results go to", await client.check_storage())  # before anything is bought
        for explained in client.explain(request):
            print(explained.offer, *explained.files)  # how the picture gets there
        result = await client.generate(request, policy="cheapest", max_price="0.10", idempotency_key=name, sidecar=True)
        (saved,) = await client.download(result)  # it is there already
        length = 0
        async for piece in client.read(saved):  # as any program of yours can read it later
            length += len(piece)
        print(f"{saved.location}: {saved.media_type}, {length} bytes, {saved.sha256}")
        return saved.location


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A picture of another, from and into a bucket.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("prompt")
    parser.add_argument("name", help="the name of the job, under which it is bought once")
    given = parser.parse_args()
    asyncio.run(make(given.picture, given.prompt, given.name))


if __name__ == "__main__":
    main()
