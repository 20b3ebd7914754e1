"""What comes from outside, as bad as it can be, and how much of it."""

import asyncio
import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from anymedia import read_config
from anymedia.simulators import running

TIMES = float(os.environ.get("ANYMEDIA_CASES", "1"))
"""How many times the usual number of cases is tried; the usual ones are the same in every run."""

WORDS = (
    *("", " ", "\x00", "\ud800", "\udcff", "\u202e", "🦊", "auto", "16:9", "1K", "reapi", "revidapi", "__class__"),
    *(
        "http://",
        "https://",
        "http://[",
        "https://evil.example/",
        "//evil.example/",
        "@evil.example",
        "\\\\evil.example",
    ),
    *(
        "https://runapi.ai@evil.example/",
        "https://runapi.ai.evil.example",
        "https://runapi.ai:1",
        "../..",
        "/etc/passwd",
        "{id}",
        "{0.__class__}",
        "%s",
        "?x=",
        "#",
        "a\r\nb: c",
    ),
    *("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "1E+999999", "NaN", "-1", "succeeded", "completed"),
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 10**400, -(10**400), 0.1, 1e308, 5e-324)
JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.sampled_from(WORDS) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


def nodes(value, at=()):
    """Yield the place of every node of a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from nodes(inner, (*at, key))


def replaced(value, at, new):
    """Return a JSON value with another node in one place."""
    if not at:
        return new
    copied = value.copy()
    copied[at[0]] = replaced(copied[at[0]], at[1:], new)
    return copied


@st.composite
def _spoilt(draw, value, most=2):
    for _ in range(draw(st.integers(1, most))):
        value = replaced(value, draw(st.sampled_from(list(nodes(value)))), draw(st.sampled_from(WORDS) | JSON))
    return value


NUMBER_TEXTS = ("NaN", "Infinity", "-Infinity", "1e999", "-0", "9" * 5000, "0x10", "1_000", "01", "1.", "٣")
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7")


@st.composite
def _garbled(draw, value):
    """Return bytes that once were the JSON of a value."""
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    match draw(st.sampled_from(["encoding", "cut", "bytes", "twice", "deep", "number", "around"])):
        case "encoding":
            return text.encode(draw(st.sampled_from(ENCODINGS)), "replace")
        case "cut":
            return text.encode("utf-8", "replace")[: draw(st.integers(0, len(text)))]
        case "bytes":
            data = bytearray(text.encode("utf-8", "replace"))
            for _ in range(draw(st.integers(1, 4))):
                data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
            return bytes(data)
        case "twice":
            # Every key a second time, with another value: the last one counts for some readers, the first for others.
            doubled = json.dumps(draw(_spoilt(value)))
            return (text[:-1] + "," + doubled[1:] if doubled[:1] == "{" and doubled != "{}" else text).encode()
        case "deep":
            depth = draw(st.sampled_from([50, 500, 990, 1000, 5000, 100_000]))
            deep = draw(st.sampled_from(["[", '{"a":'])) * depth
            return text.replace("{", '{"deep":' + deep + "{", 1).encode("utf-8", "replace")
        case "number":
            return text.replace(
                draw(st.sampled_from(["200", "null", "1735000000", "0.05"])), draw(st.sampled_from(NUMBER_TEXTS))
            ).encode()
        case _:
            before, after = draw(st.binary(max_size=9)), draw(st.binary(max_size=9))
            return before + text.encode("utf-8", "replace") + after


@pytest.fixture(scope="session")
def anything():
    """Return a strategy of JSON values."""
    return JSON


@pytest.fixture(scope="session")
def words():
    """Return texts of which each has broken something somewhere."""
    return WORDS


@pytest.fixture(scope="session")
def spoilt():
    """Return a strategy of a JSON value with one or two of its nodes replaced by anything."""
    return _spoilt


@pytest.fixture(scope="session")
def garbled():
    """Return a strategy of bytes that once were the JSON of a value."""
    return _garbled


@pytest.fixture(scope="session")
def cases():
    """Return the settings for so many cases."""

    def cases(number):
        return settings(
            max_examples=max(int(number * TIMES), 1),
            deadline=None,
            database=None,
            derandomize=TIMES <= 1,
            suppress_health_check=list(HealthCheck),
        )

    return cases


class Inside:
    """An event loop that a test without one runs coroutines in, beside the simulators."""

    def __init__(self, runner, sims):
        self.run = runner.run
        self.sims = sims
        self.config = read_config(sims.config, sims.environ)


@pytest.fixture
def inside(clock) -> Iterator[Inside]:
    """Run simulators in the loop that `inside.run` runs coroutines in."""
    with asyncio.Runner() as runner:
        context = running(clock=clock.time)
        sims = runner.run(context.__aenter__())
        try:
            yield Inside(runner, sims)
        finally:
            runner.run(context.__aexit__(None, None, None))
