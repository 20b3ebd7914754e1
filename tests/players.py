"""What players make of a file, told by ffprobe and ffmpeg, of Debian's package ffmpeg."""

import json
import shutil
import subprocess

import pytest


def run(tool, *arguments):
    """Return what a tool of the package writes; the test fails where it is missing, or complains of the file."""
    if shutil.which(tool) is None:
        pytest.fail(f"{tool} is missing, which reads what is made: apt-get install --yes ffmpeg", pytrace=False)
    done = subprocess.run([tool, "-v", "error", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def played(path):
    """Return the format of a file and its streams by their kind; every picture and every sound of it is decoded."""
    run("ffmpeg", "-xerror", "-i", path, "-f", "null", "-")
    told = json.loads(run("ffprobe", "-show_format", "-show_streams", "-of", "json", path))
    streams = {stream["codec_type"]: stream for stream in told["streams"]}
    assert len(streams) == len(told["streams"])
    return told["format"], streams
