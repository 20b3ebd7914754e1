"""A file that is put in: a picture, film or sound of this machine."""

import base64
import hashlib
import io
import os
import re
import stat
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote_to_bytes

import attrs

from .urls import is_url

if TYPE_CHECKING:
    from .formats.format import Format

LARGEST = 1 << 30
"""Bytes of a file that is put in, at most."""

CHUNK = 1 << 18
"""Bytes that are read at a time."""

UNKNOWN_TYPE = "application/octet-stream"


class Unreadable(Exception):
    """A file cannot be read, or has changed since it was put in; the message says so without naming it."""


@attrs.frozen(init=False)
class Media:
    """A picture, film or sound that is put in: bytes, a file by its Path, an open file, a data URI, or a public URL.

    The file is looked at at once: `media_type`, `size` (bytes) and `format` (pixels and seconds, where they are known)
    are read from it, and `fault` says in words why it cannot be put in. It is read when it is sent, and has to be the
    same then. An open file is read at once. `media_type` counts where the bytes do not tell what they are; `name` is
    what the file is called where it is sent to, in place of a name that tells nothing.
    """

    source: Path | bytes | str = attrs.field(
        repr=lambda source: f"{len(source)} bytes" if type(source) is bytes else repr(source)
    )
    media_type: str
    name: str | None
    size: int
    format: "Format | None"
    fault: str | None
    _mark: Any
    _digests: list[str] = attrs.field(eq=False, hash=False, repr=False)

    def __init__(self, source: Any, media_type: str | None = None, name: str | None = None) -> None:
        looked = _looked(source)
        fault = looked.fault or _misfit(looked, media_type or looked.declared)
        if not is_url(looked.source) and not fault and not looked.size:
            fault = "has 0 bytes"
        if not _is_name(name):
            fault, name = f"has a name that is no text, but {name!r:.60}", None
        told = media_type or looked.declared or UNKNOWN_TYPE
        type_ = told if looked.format is None else looked.format.type
        type_ = type_ if isinstance(type_, str) and _TYPE.fullmatch(type_) else UNKNOWN_TYPE
        self.__attrs_init__(looked.source, type_, name, looked.size, looked.format, fault, looked.mark, [])

    @property
    def url(self) -> str | None:
        """The public URL that it is; None for a file of this machine."""
        return self.source if isinstance(self.source, str) else None

    @property
    def label(self) -> str:
        """What a person knows it by."""
        from .plain import one_line  # which requests without files do not need

        if isinstance(self.source, Path):
            return one_line(self.source.name or self.source)
        return one_line(self.name or (self.source if isinstance(self.source, str) else "what was given as bytes"))

    @property
    def ending(self) -> str:
        """The usual ending of its name."""
        return "bin" if self.format is None else self.format.ending

    @property
    def sha256(self) -> str:
        """The digest of its bytes, which are read for it once. Errors: Unreadable."""
        return self.digest()

    def digest(self) -> str:
        """Return the SHA-256 of its bytes, which are read for it once. Errors: Unreadable."""
        if not self._digests and isinstance(self.source, bytes):
            self._digests[:] = [hashlib.sha256(self.source).hexdigest()]
        elif not self._digests:
            for _ in self.chunks():
                pass
        return self._digests[0]

    def look(self) -> None:
        """Open it, to see that it is what it was when it was put in. Errors: Unreadable."""
        with _opened(self.source, self._mark):
            pass

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes. Errors: Unreadable, before the last ones, when it is not what it was when it was put in."""
        if isinstance(self.source, bytes):  # which nothing can change
            yield from (self.source[at : at + CHUNK] for at in range(0, self.size, CHUNK))
            return
        digest, came, held = hashlib.sha256(), 0, b""
        with _opened(self.source, self._mark) as file:
            while chunk := _read(file):
                came += len(chunk)
                digest.update(chunk)
                if came > self.size:
                    raise Unreadable("grew while it was read")
                if held:
                    yield held
                held = chunk
        if came != self.size:
            raise Unreadable("was cut while it was read")
        if self._digests and digest.hexdigest() != self._digests[0]:
            raise Unreadable("changed after it was put in")
        self._digests[:] = [digest.hexdigest()]
        yield held

    def read(self) -> bytes:
        """Return its bytes. Errors: as chunks."""
        return self.source if isinstance(self.source, bytes) else b"".join(self.chunks())

    def data_uri(self) -> str:
        """Return it as a data URI. Errors: as chunks."""
        return f"data:{self.media_type};base64,{as_base64(self.read())}"


_WORD = "[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
_TYPE = re.compile(f"{_WORD}/{_WORD}(?:; ?{_WORD}={_WORD}){{0,9}}", re.IGNORECASE)
"""A media type, which stands in headers and in data URIs."""


def as_base64(data: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(data).decode()


def data_uri(text: str) -> tuple[bytes, str | None] | None:
    """Return the bytes of a data URI and the media type that it names; None for what is none, or cannot be read."""
    scheme, comma, data = text.partition(",")
    if not comma or scheme[:5].lower() != "data:":
        return None
    media_type, *parameters = scheme[5:].split(";")
    try:
        raw = unquote_to_bytes(data)
        if "base64" in (each.strip().lower() for each in parameters):
            raw = base64.b64decode(raw, validate=True)
    except ValueError:
        return None
    return raw, media_type.strip() or None


def is_data_uri(value: Any) -> bool:
    """Return whether a value is a text that begins as a data URI does."""
    return isinstance(value, str) and value[:5].lower() == "data:"


def put_in(value: Any) -> Any:
    """Return what a media field holds: a URL as it is, and anything else that can be put in as Media."""
    if isinstance(value, Media):
        return value if value.url is None else value.url
    if is_data_uri(value) or isinstance(value, os.PathLike | bytes | bytearray | memoryview) or hasattr(value, "read"):
        return Media(value)
    return value


# A first look


@attrs.frozen(kw_only=True)
class _Looked:
    source: Path | bytes | str
    size: int = 0
    format: "Format | None" = None
    fault: str | None = None
    mark: Any = None
    declared: str | None = None


def _looked(source: Any) -> _Looked:
    """Return what a source is, as far as a first look tells."""
    if isinstance(source, str):
        if is_url(source):
            return _Looked(source=source)
        held = data_uri(source)
        if held is None:
            fault = "is no data URI that can be read" if is_data_uri(source) else "is neither a URL nor a data URI"
            return _Looked(source=source[:200], fault=fault)
        return attrs.evolve(_of_bytes(held[0]), declared=held[1])
    if isinstance(source, bytes | bytearray | memoryview):
        return _of_bytes(bytes(source))
    if isinstance(source, os.PathLike):
        return _of_path(Path(os.fsdecode(source)))
    if hasattr(source, "read"):
        return _of_file(source)
    return _Looked(source=b"", fault="is neither a URL, a data URI, a Path, bytes nor an open file")


def _of_bytes(data: bytes) -> _Looked:
    if len(data) > LARGEST:
        return _Looked(source=b"", fault=_TOO_LARGE)
    return _Looked(source=data, size=len(data), format=_format(io.BytesIO(data)))


def _of_file(file: Any) -> _Looked:
    pieces: list[bytes] = []
    left = LARGEST + 1
    try:
        while left > 0:  # a file without a buffer may return less than it has
            piece = file.read(left)
            if not isinstance(piece, bytes):
                return _Looked(source=b"", fault=_no_bytes(piece))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    except UnicodeDecodeError:
        return _Looked(source=b"", fault=_no_bytes(""))
    except Exception as error:  # noqa: BLE001 - it may be anybody's class, and is no more than a file that fails
        return _Looked(source=b"", fault=f"cannot be read: {error}")
    return _of_bytes(b"".join(pieces))


def _no_bytes(read: Any) -> str:
    """Return what is wrong with a file of which something else is read than bytes."""
    if isinstance(read, Coroutine):
        read.close()  # nobody waits for it
        return "is a file that is awaited: give the bytes that its read() returns"
    if isinstance(read, str):
        return "is an open file of text: open it in binary mode"
    return "is an open file of which no bytes are read"


def _of_path(path: Path) -> _Looked:
    path = path.absolute()
    try:
        with _opened(path) as file:
            status = os.fstat(file.fileno())
            if status.st_size > LARGEST:
                return _Looked(source=path, fault=_TOO_LARGE)
            return _Looked(source=path, size=status.st_size, format=_format(file), mark=_mark(status))
    except Unreadable as error:
        return _Looked(source=path, fault=str(error))


def _format(file: BinaryIO) -> "Format | None":
    from .formats.measure import measured  # which requests without files do not need

    return measured(file)


_TOO_LARGE = f"has more than {LARGEST >> 20} MiB"


def _is_name(name: Any) -> bool:
    return name is None or isinstance(name, str)


def _misfit(looked: _Looked, told: str | None) -> str | None:
    """Return why something that is no known media is not put in: what it is has to be said."""
    if isinstance(looked.source, str) or looked.format is not None or not looked.size:
        return None
    if told is None:
        return "is no picture, film or sound that anymedia knows: give another file, or Media(…, media_type=…)"
    is_one = isinstance(told, str) and _TYPE.fullmatch(told)
    return None if is_one else f"has the media type {told!r:.60}, which must be like image/png"


# Reading

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""No pipe is waited for, and no link followed: what is put in is a file, and the one that was named."""


@contextmanager
def _opened(source: Path | bytes | str, mark: Any = None) -> Iterator[BinaryIO]:
    """Open a source; a file has to be the one of the `mark`, where there is one. Errors: Unreadable."""
    if not isinstance(source, Path):
        yield io.BytesIO(source if isinstance(source, bytes) else b"")
        return
    try:
        if source.is_symlink():
            raise Unreadable("is a symbolic link: name the file that it leads to")
        number = os.open(source, _FLAGS)
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise Unreadable(
            next((why for kind, why in _WHY if isinstance(error, kind)), f"cannot be opened: {told}")
        ) from None
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(_IS.get(stat.S_IFMT(status.st_mode), "is no regular file"))
        if mark is not None and _mark(status) != mark:
            raise Unreadable("changed after it was put in")
        with open(number, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(number)


_WHY = ((FileNotFoundError, "is not there"), (PermissionError, "may not be read by this user"))
_IS = {stat.S_IFDIR: "is a folder", stat.S_IFIFO: "is a pipe, not a file"}


def _mark(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells one file, and one state of it, from another."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from None
