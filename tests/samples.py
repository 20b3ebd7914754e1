"""One small real file of every type of media, made by the libraries of players: `sample("film.mp4")` is its bytes.

Each is made when it is first asked for, and once in a process. What they are is asked of the same libraries by `shown`.
"""

import io
import math
import random
import struct
import wave
from array import array
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import av
from PIL import Image

WIDTH, HEIGHT, RATE, FRAMES = 96, 64, 25, 30
"""Of every picture and film; a film lasts 1.2 s."""

HERTZ, SECONDS = 48_000, 1.5
"""Of every sound."""


@attrs.frozen
class Kind:
    """The media type of a sample, the ending of its name, and what makes it."""

    type: str
    ending: str
    make: Callable[[], bytes]


def picture(form, *, size=(WIDTH, HEIGHT), **options):
    """Return a picture of Pillow's, or one that moves where `append_images` are given."""
    file = io.BytesIO()
    _noise(size, 0).save(file, form, **options)
    return file.getvalue()


def _noise(size, turn):
    """Return a picture of many colours, the same each time."""
    return Image.frombytes("RGB", (24, 16), random.Random(turn).randbytes(24 * 16 * 3)).resize(size)


def moving(form, **options):
    """Return a picture of three frames that moves for 0.9 s."""
    more = [_noise((WIDTH, HEIGHT), turn) for turn in (1, 2)]
    return picture(form, save_all=True, append_images=more, duration=300, loop=0, **options)


def film(container, codec, sound=None, *, options=(), frames=FRAMES):
    """Return a film of a container, with or without a sound."""
    with _written(container, options) as (out, done):
        video = out.add_stream(codec, RATE, {"x265-params": "log-level=none:bframes=0"}, width=WIDTH, height=HEIGHT)
        video.pix_fmt = "yuv420p"
        audio = out.add_stream(sound, rate=HERTZ) if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_image(_noise((WIDTH, HEIGHT), number))
            frame.pts = number
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if audio:
            _play(out, audio, frames / RATE)
    return done[0]


def sound(container, codec, *, seconds=SECONDS, hertz=HERTZ, options=(), layout="stereo", **settings):
    """Return a sound of a container."""
    with _written(container, options) as (out, done):
        _play(out, out.add_stream(codec, hertz, {"strict": "experimental"}, layout=layout, **settings), seconds)
    return done[0]


@contextmanager
def _written(container, options):
    """Open a file to be written, and a list that holds its bytes in the end: some are read again while written."""
    done = []
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        with av.open(path, "w", format=container, options={"fflags": "+bitexact", **dict(options)}) as out:
            yield out, done
        done.append(path.read_bytes())


def _play(out, stream, seconds):
    """Write a tone that gets louder, so that a variable bit rate varies."""
    context = stream.codec_context
    hertz, channels = context.sample_rate, context.layout.nb_channels
    tone = array("h")
    for at in range(round(seconds * hertz)):
        tone.extend([round(at / hertz / seconds * 20_000 * math.sin(at * 0.06))] * channels)
    resampler = av.AudioResampler(context.format, context.layout, hertz, context.frame_size or 1024)
    frame = av.AudioFrame("s16", context.layout, len(tone) // channels)
    frame.planes[0].update(tone.tobytes())
    frame.sample_rate, frame.pts = hertz, 0
    for ready in (*resampler.resample(frame), *resampler.resample(None)):
        out.mux(stream.encode(ready))
    out.mux(stream.encode())


def tone():
    """Return a WAV of the standard library's."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(range(200)) * 120)
    return file.getvalue()


def box(kind, *inside):
    """Return a box of an ISO file."""
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def heic():
    """Return a HEIC: a frame of HEVC as a film has it, in the boxes of a picture."""
    whole = film("mp4", "libx265", options={"movflags": "faststart"}, frames=1)
    config = whole[whole.index(b"hvcC") - 4 :]
    config = config[: int.from_bytes(config[:4], "big")]
    coded = whole[whole.rindex(b"mdat") + 4 :]
    size = box(b"ispe", struct.pack(">III", 0, WIDTH, HEIGHT))
    named = box(b"infe", struct.pack(">IHH4sx", 2 << 24, 1, 0, b"hvc1"))
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(at):
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", struct.pack(">IH", 0, 1)),
            box(b"iloc", struct.pack(">IHHHHHII", 0, 0x4400, 1, 1, 0, 1, at, len(coded))),
            box(b"iinf", struct.pack(">IH", 0, 1), named),
            box(b"iprp", box(b"ipco", config, size), box(b"ipma", struct.pack(">IIHBBB", 0, 1, 1, 2, 0x81, 2))),
        )

    at = len(head) + len(meta(0)) + 8
    return head + meta(at) + box(b"mdat", coded)


SVG = f"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"><path d="M0 0h9v9z"/></svg>
"""

X264 = "libx264"

SAMPLES: Mapping[str, Kind] = {
    "picture.png": Kind("image/png", "png", partial(picture, "PNG")),
    "picture.jpg": Kind("image/jpeg", "jpg", partial(picture, "JPEG")),
    "picture.webp": Kind("image/webp", "webp", partial(picture, "WEBP")),
    "picture.avif": Kind("image/avif", "avif", partial(picture, "AVIF")),
    "picture.heic": Kind("image/heic", "heic", heic),
    "picture.gif": Kind("image/gif", "gif", partial(picture, "GIF")),
    "picture.svg": Kind("image/svg+xml", "svg", SVG.encode),
    "moving.png": Kind("image/png", "png", partial(moving, "PNG")),
    "moving.webp": Kind("image/webp", "webp", partial(moving, "WEBP")),
    "moving.gif": Kind("image/gif", "gif", partial(moving, "GIF")),
    "moving.avif": Kind("image/avif", "avif", partial(moving, "AVIF")),
    "film.mp4": Kind("video/mp4", "mp4", partial(film, "mp4", X264, "aac")),
    "fast.mp4": Kind("video/mp4", "mp4", partial(film, "mp4", X264, options={"movflags": "faststart"})),
    "fragments.mp4": Kind(
        "video/mp4", "mp4", partial(film, "mp4", X264, "aac", options={"movflags": "frag_keyframe+empty_moov"})
    ),
    "film.mov": Kind("video/quicktime", "mov", partial(film, "mov", X264, "aac")),
    "film.webm": Kind("video/webm", "webm", partial(film, "webm", "libvpx-vp9", "libopus")),
    "film.mkv": Kind("video/x-matroska", "mkv", partial(film, "matroska", X264, "aac")),
    "sound.m4a": Kind("audio/mp4", "m4a", partial(sound, "ipod", "aac")),
    "sound.webm": Kind("audio/webm", "weba", partial(sound, "webm", "libopus")),
    "sound.mp3": Kind("audio/mpeg", "mp3", partial(sound, "mp3", "libmp3lame", bit_rate=64_000)),
    "sound.wav": Kind("audio/wav", "wav", tone),
    "vorbis.ogg": Kind("audio/ogg", "ogg", partial(sound, "ogg", "vorbis")),
    "opus.ogg": Kind("audio/ogg", "ogg", partial(sound, "ogg", "libopus")),
    "sound.flac": Kind("audio/flac", "flac", partial(sound, "flac", "flac")),
    "sound.aac": Kind("audio/aac", "aac", partial(sound, "adts", "aac")),
}
"""Every sample by its name."""


@cache
def sample(name):
    """Return the bytes of a sample."""
    return SAMPLES[name].make()


@attrs.frozen
class Shown:
    """What a player sees of a file."""

    width: int | None
    height: int | None
    seconds: float


def shown(data):
    """Return what the players' libraries see in a file: every packet of it is looked at."""
    with av.open(io.BytesIO(data)) as file:
        video = next(iter(file.streams.video), None)
        ends = [
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in file.demux()
            if packet.pts is not None
        ]
        context = video and video.codec_context
        return Shown(context and context.width, context and context.height, max(ends, default=0.0))
