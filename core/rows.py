"""FILE.jsonl and FILE.csv, read into the rows of a batch: all that is wrong is told at once, and nothing is sent.

JSON lines hold an object a line. CSV holds a line of headers, and then the cells of each row. Keys and headers are the
canonical names of fields, and those of BESIDE.
"""

import csv
import io
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar

import attrs

from .config import Config, encoding_of, load_config
from .engine.idempotency import LONGEST, fault_of_name
from .kind_meant import adapters_of, known_adapters, named_model
from .model import texts
from .model.batch import Row
from .model.errors import AnymediaError, BadRows, Problem, RequestError
from .model.forms import FILES, MEDIA, Form, shown
from .model.kinds import KINDS, required
from .model.media import Media
from .model.names import either, meant, nearest
from .model.paths import expanded
from .model.plain import one_line
from .model.request import Request
from .model.strict_json import Json, loads
from .pricing.unsold import check_names

T = TypeVar("T")

MOST_ROWS = 100_000
"""Rows of a file at most: our choice. A longer list is split."""

MOST_BAD = 1_000
"""Bad rows after which no more are looked at: our choice."""

MOST_UNKNOWN = 20
"""Unknown keys that are told: our choice."""

MOST_FILES = 100
"""Files in one field at most: our choice."""

LONGEST_LINE = 10_000_000
"""Characters of a line at most: our choice."""

LARGEST = 1 << 28
"""Bytes of a file at most: our choice. Large pictures are given by their paths."""

LONGEST_NAME = 200
"""Characters of the name of a model, an account or an offer at most: our choice."""

DEEPEST = 50
"""Levels of lists and objects in a row at most: our choice."""

JSON_LINES, TABLE = "JSON lines", "CSV"

FORMS: Mapping[str, str] = {".jsonl": JSON_LINES, ".ndjson": JSON_LINES, ".csv": TABLE, ".tsv": TABLE}
"""What a file holds, by how its name ends."""

STDIN = "-"

SEPARATORS = ",;\t"
"""What may stand between two cells."""

SEPARATOR_TOLD = re.compile(r"sep=([,;\t])", re.IGNORECASE)
"""The line above the headers by which a spreadsheet is told what stands between two cells."""

SEVERAL = "|"
"""What stands between several files or accounts in one cell."""

MODEL, KEY, PROVIDER, OFFER, LABELS, EXTRA = "model", "idempotency_key", "provider", "offer", "labels", "extra"
LABEL_NAME, EXTRA_NAME = "label.", "extra."

FIELDS: Mapping[str, Form] = {
    name: form for kind in KINDS.values() for name, form in kind.roles.forms.items() if name not in (LABELS, EXTRA)
}
"""The fields of every kind of request, each with its form in one of them: its texts are read alike in all."""

BESIDE = (KEY, PROVIDER, OFFER)
"""The keys of a row that are no field of a request."""

KEYS = (*FIELDS, *BESIDE, LABELS, EXTRA, f"{LABEL_NAME}NAME", f"{EXTRA_NAME}PROVIDER.KEY")
"""Every key that a row may have, for messages."""

Given: TypeAlias = dict[str, Any]
"""What a row gives, by its keys."""


def read_rows(
    file: str | os.PathLike[str] | BinaryIO,
    config: Config | None = None,
    *,
    accounts: Sequence[str] = (),
    offer: str | None = None,
    bad: list[Problem] | None = None,
) -> list[Row]:
    """Return the rows of a batch from a file of JSON lines (.jsonl, .ndjson) or CSV (.csv, .tsv).

    "-" is stdin: it and a file that is open in binary mode hold JSON lines where they begin with { and CSV otherwise.
    Keys or headers are the fields of requests, and idempotency_key, provider (an account, or several in order), offer,
    label.NAME and extra.PROVIDER.KEY; JSON lines also take labels and extra as objects. The kind is that of the model.
    A file to put in is a URL or a path, which is relative to the folder of `file`. In a cell, several files or accounts
    stand between |, or as a JSON array; an empty cell is not given. `accounts` and `offer` are those of the batch, for
    rows that name none. At most 100,000 rows, 256 MiB and 10,000,000 characters a line are read. With `bad` the good
    rows are returned, and what is wrong with the others is put there: so it can be told with what else a batch finds
    wrong. Errors: BadRows with every bad row (1,000 at most), RequestError for a file that cannot be read.
    """
    with _opened(file) as source:
        reader = _Reader(load_config() if config is None else config, source.folder, accounts, offer)
        try:
            lines = _Lines(source.stream)
            first = next((line for line in lines if line.strip()), "")
            if first and source.form(first) == JSON_LINES:
                _read_objects(first, lines, reader)
            elif first:
                _read_table(first, lines, source.suffix, reader)
        except _Unread as error:
            reader.problems.append(error.problem)
        except OSError as error:
            raise RequestError(f"{source.name}: {error.strerror or error}") from None
        return reader.ended(source.name, bad)


class _Unread(Exception):
    """From this line on nothing is read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.problem = attrs.evolve(_problem("file", message), line=line)


def _problem(field: str, message: str) -> Problem:
    return Problem(field=field, message=message, documented=False)


# The file


@attrs.frozen
class _Source:
    """An open file, its name, the folder that paths in it are relative to, and how its name ends (None: untold)."""

    stream: BinaryIO
    name: str
    folder: Path = attrs.field(factory=Path)
    suffix: str | None = None

    def form(self, first: str) -> str:
        """Return what it holds: as its name says, else as its first line begins."""
        if self.suffix is not None:
            return FORMS[self.suffix]
        return JSON_LINES if first.lstrip()[:1] in ("{", "[") else TABLE


@contextmanager
def _opened(file: str | os.PathLike[str] | BinaryIO) -> Iterator[_Source]:
    """Open what holds rows. Errors: RequestError for what is no file of such a name."""
    if not isinstance(file, str | os.PathLike):
        yield _Source(file, "the open file")
        return
    if file == STDIN:
        yield _Source(sys.stdin.buffer, "stdin")
        return
    path = expanded(file)
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        raise RequestError(f"{path}: the name of a file with rows ends in {either(FORMS)}; {STDIN} reads stdin")
    try:
        # A pipe is not waited for.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise RequestError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise RequestError(f"{path}: is no regular file; what is piped in is read as {STDIN}")
        with open(number, "rb", closefd=False) as stream:
            yield _Source(stream, str(path), path.parent, suffix)
    finally:
        os.close(number)


class _Bounded(io.RawIOBase):
    """A stream of which LARGEST bytes are read at most; `head` are its first ones."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.head: bytes = b""
        while len(self.head) < MARK and (more := self._piece(MARK - len(self.head))):
            self.head += more
        self._left, self._room = self.head, LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece, self._left = self._left or self._piece(len(buffer)), b""
        self._room -= len(piece)
        if self._room < 0:
            raise OSError(f"has more than {LARGEST >> 20} MiB: split it, and give pictures by their paths")
        buffer[: len(piece)] = piece
        return len(piece)

    def _piece(self, most: int) -> bytes:
        piece: Any = self._stream.read(most)
        if not isinstance(piece, bytes):
            raise OSError("no bytes are read of it: open it in binary mode")
        return piece


MARK = 4
"""Bytes by which an encoding is known."""

CHUNK = 1 << 16
"""Bytes that are read at a time."""


class _Lines:
    """The lines of a stream, each with its end, in UTF-8 or as their mark says; `number` is that of the last one."""

    def __init__(self, stream: BinaryIO) -> None:
        bounded = _Bounded(stream)
        self.number = 0
        self._encoding = encoding_of(bounded.head)
        # What is no text is read as a lone surrogate, which is none either: so it is known on which line it stands.
        errors = "surrogateescape" if self._encoding.startswith("utf-8") else "surrogatepass"
        self._text = io.TextIOWrapper(io.BufferedReader(bounded, CHUNK), self._encoding, errors, newline="")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(LONGEST_LINE + 1)
        except UnicodeError:
            line = NO_TEXT
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_LINE:
            raise _Unread(self.number, f"the line has more than {LONGEST_LINE:,} characters")
        if "\0" in line:
            raise _Unread(self.number, "there is a NUL byte: save it as UTF-8")
        if not (line.isascii() or _is_text(line)):
            name = self._encoding.removesuffix("-sig").upper()
            raise _Unread(self.number, f"what stands on the line is not {name}: save it as UTF-8")
        return line


NO_TEXT = "\ud800"


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


# JSON lines


def _read_objects(first: str, lines: _Lines, reader: "_Reader") -> None:
    for line in chain([first], lines):
        if text := line.strip():
            reader.read(lines.number, _object(text))


def _object(text: str) -> Given | str:
    """Return what a line gives, without what is null; or why it gives nothing."""
    try:
        found = loads(text, unique=True)
    except json.JSONDecodeError as error:
        return f"is no JSON, from character {error.pos + 1} on: {error.msg}"
    except ValueError as error:
        return f"is no JSON: {str(error).partition(';')[0]}"
    if not isinstance(found, dict):
        return "must be one JSON object, all of it on this line"
    return {name: value for name, value in found.items() if value is not None}


# CSV


def _read_table(first: str, lines: _Lines, suffix: str | None, reader: "_Reader") -> None:
    separators = "\t" if suffix == ".tsv" else SEPARATORS
    if (told := SEPARATOR_TOLD.fullmatch(first.rstrip("\r\n"))) is not None:
        first, separators = next(lines, ""), told[1]
    table = csv.reader(chain([first], lines), delimiter=_separator(first, separators), strict=True)
    line, headers = lines.number, None
    while (cells := _next(table, line)) is not None:
        if headers is None:
            headers = reader.headers(line, [cell.strip() for cell in cells])
        elif any(cell.strip() for cell in cells):
            reader.read(line, _given(headers, cells))
        line = lines.number + 1


def _next(table: Iterator[list[str]], line: int) -> list[str] | None:
    try:
        return next(table, None)
    except csv.Error as error:
        why = NOT_CLOSED if str(error) == UNCLOSED else f"the row that begins here is no CSV ({error})"
        raise _Unread(line, f"{why}; nothing is read from here on") from None


UNCLOSED = "unexpected end of data"
"""What csv says of a quote that is not closed."""

NOT_CLOSED = 'a quote (") that is opened in the row that begins here is not closed'


def _separator(header: str, separators: str) -> str:
    """Return what stands most often in a line of headers, outside of quotes; the first of several."""
    bare = "".join(header.split('"')[::2])
    return max(separators, key=bare.count)


def _given(headers: Sequence[str | None], cells: Sequence[str]) -> Given | str:
    """Return what the cells of a row give, by header; or why that is not known. An empty cell gives nothing."""
    if len(cells) != len(headers):
        return f"has {len(cells)} cells, and there are {len(headers)} headers"
    held = {name: cell for name, cell in zip(headers, cells, strict=True) if cell.strip() and name is not None}
    if "" in held:
        return f"has a cell without a header: {shown(held[''])}"
    return {name: _of_cell(name, cell) for name, cell in held.items()}


def _of_cell(name: str, cell: str) -> Any:
    """Return the value that a cell means."""
    form = FIELDS.get(name)
    if name == PROVIDER or form == FILES:
        return _several(cell.strip())
    if name in (LABELS, EXTRA) or name.startswith(EXTRA_NAME):
        return texts.json_or_text(cell)
    if name.startswith(LABEL_NAME):
        return cell
    return cell.strip() if form is None else texts.read(form, cell)


def _several(cell: str) -> Json:
    """Return the texts in a cell, which is a JSON array of them, or has SEVERAL between them."""
    held = texts.json_or_text(cell)
    if isinstance(held, list):
        return held
    return [part.strip() for part in cell.split(SEVERAL) if part.strip()]


# The rows


class _Reader:
    """Makes rows of what is given, and keeps what is wrong with it.

    Paths are relative to `folder`; `accounts` and `offer` are those of a row that names none.
    """

    def __init__(self, config: Config, folder: Path, accounts: Sequence[str], offer: str | None) -> None:
        self.problems: list[Problem] = []
        self._rows: list[Row] = []
        self._read = self._bad = 0
        self._config, self._folder = config, folder
        self._accounts, self._offer = tuple(accounts), offer
        self._known = known_adapters(config)
        self._unknown: dict[str, list[str]] = {}
        self._done: dict[Hashable, Any] = {}
        self._faults: list[Problem] = []

    def ended(self, name: str, bad: list[Problem] | None) -> list[Row]:
        """Return the rows. Errors: BadRows, unless `bad` takes what is wrong; RequestError where there are none."""
        if self.problems and bad is None:
            raise BadRows(problems=self.problems, rows=self._read)
        if bad is not None:
            bad += self.problems
        if not self._rows and not self.problems:
            raise RequestError(f"{name}: there are no rows in it")
        return self._rows

    def headers(self, line: int, names: Sequence[str]) -> list[str | None]:
        """Return which key each header means; None for one that cannot be read. Errors: _Unread without a model."""
        found: list[str | None] = []
        for name in names:
            key = self._key(name, names, line) if name else ""
            if key and key in found:
                self.problems.append(attrs.evolve(_problem(one_line(name), "stands twice in the headers"), line=line))
            found.append(key)
        if MODEL not in found:
            raise _Unread(line, f"no header is {MODEL}: the first line holds the names of the fields")
        return found

    def read(self, line: int, given: Given | str) -> None:
        """Make a row of what is given, or keep why it is bad. Errors: _Unread where no more is looked at."""
        if self._read == MOST_ROWS:
            raise _Unread(line, f"there are more than {MOST_ROWS:,} rows: split the file")
        self._read += 1
        self._faults = []
        row = self._row(line, given)
        if row is not None:
            self._rows.append(row)
            return
        self.problems += (attrs.evolve(fault, row=self._read, line=line) for fault in self._faults)
        self._bad += 1
        if self._bad == MOST_BAD:
            raise _Unread(line, f"{MOST_BAD:,} rows are bad: those behind are not looked at")

    def _row(self, line: int, given: Given | str) -> Row | None:
        """Return a row; None where there are faults."""
        if isinstance(given, str) or _is_deep(given):
            self._fault("row", given if isinstance(given, str) else f"is nested deeper than {DEEPEST} levels")
            return None
        fields = {
            known: value
            for name, value in given.items()
            if (known := self._key(name, given, line, self._read)) is not None
        }
        key, accounts, offer = fields.pop(KEY, None), self._asked(fields), fields.pop(OFFER, None)
        if key is not None and (wrong := fault_of_name(key, LONGEST)) is not None:
            self._fault(KEY, wrong)
        if offer is not None and not _is_name(offer):
            self._fault(OFFER, f"must be the name of an offer, not {shown(offer)}")
            offer = None
        request = self._request(fields, accounts or self._accounts, offer or self._offer)
        if request is None or self._faults:
            return None
        return Row(request=request, idempotency_key=key, accounts=accounts, offer=offer, line=line)

    def _fault(self, field: str, message: str) -> None:
        self._faults.append(_problem(field, message))

    def _key(self, name: str, beside: Collection[str], line: int, row: int | None = None) -> str | None:
        """Return the key that a name is; of one that is none, which is told once, the one that it may mean, or None.

        So what else is wrong with a row is told too.
        """
        wrong = _wrong_key(name)
        if wrong is None:
            return name
        if name not in self._unknown and len(self._unknown) < MOST_UNKNOWN:
            self._unknown[name] = meant(name[:LONGEST_NAME], (*FIELDS, *BESIDE))
            self.problems.append(attrs.evolve(_problem(one_line(name[:LONGEST_NAME]), wrong), row=row, line=line))
        named = self._unknown.get(name, [])
        return named[0] if len(named) == 1 and named[0] not in beside else None

    def _asked(self, fields: Given) -> tuple[str, ...]:
        """Take the accounts out of a row, and return them."""
        given = fields.pop(PROVIDER, [])
        names = [given] if isinstance(given, str) else given
        if not (isinstance(names, list) and all(map(_is_name, names))):
            self._fault(PROVIDER, f"must be the name of an account, or a list of such names, not {shown(given)}")
            return ()
        return self._once(PROVIDER, (PROVIDER, *names), self._account_names, names) or ()

    def _account_names(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of accounts that there are. Errors: ConfigError."""
        for name in names:
            self._config.account(name)
        return tuple(names)

    def _request(self, fields: Given, accounts: tuple[str, ...], offer: str | None) -> Request | None:
        """Return the request of a row; None where there is a fault."""
        name = fields.get(MODEL)
        if not _is_name(name):
            told = "is needed; `anymedia models` lists them" if name is None else f"must be a name, not {shown(name)}"
            self._fault(MODEL, told)
            return None
        before = len(self._faults)
        self._raw(fields)
        self._files(fields)
        asked = (name, accounts, offer)
        model = self._once(MODEL, (MODEL, *asked), named_model, name, self._config, accounts, offer)
        meant = None if model is None else self._once(MODEL, (model, *fields), model.fields, tuple(fields))
        if model is None or meant is None:
            return None
        kind, fields_of = meant
        given = {fields_of[name]: value for name, value in fields.items()} | {MODEL: model.model}
        for missing in required(kind):
            if missing not in given:
                self._fault(missing, "is needed")
        request = None if len(self._faults) > before else self._tried(MODEL, KINDS[kind], **given)
        if request is not None:
            self._once(OFFER, (kind, *asked, *request.extra), self._check_names, request, offer, accounts)
        return request

    def _check_names(self, request: Request, offer: str | None, accounts: tuple[str, ...]) -> None:
        """Check that there is the offer, and what `extra` names. Errors: Unsupported."""
        check_names(request, offer, self._known, adapters_of(accounts, self._config))

    def _raw(self, fields: Given) -> None:
        """Put what is given as label.NAME and extra.NAME into the fields of which it is a part."""
        for whole, begin in ((LABELS, LABEL_NAME), (EXTRA, EXTRA_NAME)):
            parts = {name.removeprefix(begin): fields.pop(name) for name in [*fields] if name.startswith(begin)}
            if parts and whole in fields:
                self._fault(whole, f"give {whole} or {begin}NAME, not both")
            elif parts:
                fields[whole] = parts if whole == LABELS else self._tried(EXTRA, texts.raw_fields, parts.items())

    def _files(self, fields: Given) -> None:
        """Put the files in that a row names."""
        for name in [name for name in fields if FIELDS.get(name) in MEDIA]:
            given = fields[name]
            if not isinstance(given, list):
                fields[name] = self._file(name, given)
            elif len(given) <= MOST_FILES:
                fields[name] = [self._file(name, each) for each in given]
            else:
                self._fault(name, f"has {len(given):,} files, and may have {MOST_FILES} at most")

    def _file(self, field: str, given: Any) -> Any:
        """Return a file that is put in by its path; anything else as it is. A file of several rows is read once."""
        path = texts.file(given) if isinstance(given, str) else None
        return self._once(field, (field, path), self._media, path) if isinstance(path, Path) else given

    def _media(self, path: Path) -> Media:
        return Media(self._folder / expanded(path))

    def _once(self, field: str, key: Hashable, step: Callable[..., T], *args: Any) -> T | None:
        """Do as `_tried`, once for all rows that are alike in this."""
        if key not in self._done:
            before = len(self._faults)
            self._done[key] = (self._tried(field, step, *args), self._faults[before:])
        else:
            self._faults += self._done[key][1]
        found: T | None = self._done[key][0]
        return found

    def _tried(self, field: str, step: Callable[..., T], *args: Any, **given: Any) -> T | None:
        """Return what a step returns; None where it finds faults, which are kept: of this field, if it names none."""
        try:
            return step(*args, **given)
        except (AnymediaError, ValueError) as error:
            problems = error.problems if isinstance(error, RequestError) else ()
            self._faults += problems or [_problem(field, str(error))]
            return None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def _wrong_key(name: str) -> str | None:
    """Return what is wrong with the key of a row, or with a header; None where nothing is."""
    if name in FIELDS or name in BESIDE or name in (LABELS, EXTRA):
        return None
    if name.startswith(LABEL_NAME) and name != LABEL_NAME:
        return None
    if name.startswith(EXTRA_NAME):
        try:
            texts.raw_fields([(name.removeprefix(EXTRA_NAME), None)])
        except ValueError as error:
            return str(error)
        return None
    return f"is no field of a row; {nearest(name[:LONGEST_NAME], KEYS, lists='docs/batch.md')}"


def _is_deep(value: Json) -> bool:
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        level = [each for held in level for each in _within(held)]
        depth += 1
    return depth > DEEPEST


def _within(value: Json) -> Collection[Json]:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in held if isinstance(each, dict | list)]
