"""What players make of a file, told by ffprobe, of Debian's package ffmpeg."""

import json
import shutil
import subprocess

import pytest

COMMAND = ("ffprobe", "-v", "error", "-count_frames", "-show_format", "-show_streams", "-of", "json")
"""Every picture and every sound is decoded, to be counted."""


def played(path):
    """Return the format of a file and its streams by their kind; the test fails where ffprobe complains of it."""
    if shutil.which(COMMAND[0]) is None:
        pytest.fail("ffprobe is missing, which reads what is made: apt-get install --yes ffmpeg", pytrace=False)
    done = subprocess.run([*COMMAND, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    streams = {stream["codec_type"]: stream for stream in told["streams"]}
    assert len(streams) == len(told["streams"])
    return told["format"], streams
