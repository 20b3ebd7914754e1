"""A program that saves results passes `mypy --strict` without asking whether something is None."""

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path

from anymedia import Client, ImageRequest, SavedFile, SyncClient


async def kept(client: Client, request: ImageRequest) -> dict[str, int]:
    result = await client.generate(request)
    here = await client.download(result, Path("out"), names="{task}-{number}.{ext}", sidecar="request")
    there = await client.download(result, "s3://bucket/prefix", sidecar=True)
    lengths = {file.path.name + file.media_type.upper() + file.sha256[:8]: file.length + 1 for file in here}
    for piece in [piece async for piece in client.read(there[0])]:
        lengths[there[0].location.lower() + there[0].media_type.upper()] = len(piece) + there[0].length
    return lengths


def first(client: SyncClient, request: ImageRequest) -> SavedFile:
    file = client.download(client.generate(request), Path("out"))[0]
    file.path.with_suffix(".bak").write_bytes(b"".join(client.read(file)))
    print(client.download(client.generate(request))[0].location.upper())
    return file
"""


@pytest.mark.slow
def test_a_program_that_saves_results_needs_no_question(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", "program.py"]
    done = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
