"""What is written down of a provider's words: not the prompt, in whatever writing it comes back."""

import html
import json
import sys
import time
from itertools import product
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anymedia.journal.redact import secrets_of
from anymedia.model.redact import CUT, MARK, holds, scrubbed
from anymedia.model.redact import _plainly as readings

PROMPT = 'A "sly" fox & its cub/kit,\n  50% off — 狐狸 🦊 \\o/ <b>in + out</b>'
LONG = "a lighthouse at dusk in the style of an old postcard"


def dumped(value, **how):
    return json.dumps(value, **how)


def texts(value):
    """Yield every text of a JSON value, keys too, and those of the JSON in it."""
    if isinstance(value, str):
        yield value
        try:
            held = json.loads(value)
        except (ValueError, RecursionError):
            return
        if not isinstance(held, str) or held != value:
            yield from texts(held)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


# Where a prompt stands


def test_a_prompt_is_replaced_wherever_it_stands():
    words = {
        "input": {"prompt": "a fox", "seed": 7, "n": [1.5, None, True, "a fox", ["not a fox, a foxglove"]]},
        "error": "the prompt 'a fox' was refused",
        "a fox": {"a fox": 1},
    }
    assert scrubbed(words, ["a fox"]) == {
        "input": {"prompt": MARK, "seed": 7, "n": [1.5, None, True, MARK, [f"not {MARK}, {MARK}glove"]]},
        "error": f"the prompt '{MARK}' was refused",
        MARK: {MARK: 1},
    }


def test_a_copy_is_returned():
    words = {"a": [{"b": "c"}]}
    copy = scrubbed(words, [])
    assert copy == words
    assert copy is not words
    assert copy["a"] is not words["a"]
    assert copy["a"][0] is not words["a"][0]
    # What can be sent as JSON is read as such.
    assert scrubbed(MappingProxyType({"p": ("a fox",)}), ["a fox"]) == {"p": [MARK]}


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "a fox", [], {}])
def test_what_holds_no_secret_stays_as_it_is(value):
    assert scrubbed(value, ["secret", ""]) == value
    assert scrubbed(value, []) == value


def test_keys_that_become_one_keep_their_values():
    assert scrubbed({"a fox": 1, "a  fox": 2, "b": 3, "a\nfox": 4}, ["a fox"]) == {
        MARK: 1,
        f"{MARK} (1)": 2,
        "b": 3,
        f"{MARK} (3)": 4,
    }


@pytest.mark.parametrize("ascii_", [True, False])
@pytest.mark.parametrize("slash", ["/", "\\/"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_json_in_a_text_is_scrubbed_inside(ascii_, slash, times):
    def packed(prompt):
        param = {"input": {"prompt": prompt, "size": "1K"}, "n": [1, 0.5]}
        for _ in range(times):
            param = dumped(param, ensure_ascii=ascii_).replace("/", slash)
        return param

    def unpacked(param):
        for _ in range(times):
            param = json.loads(param)
        return param

    clean = scrubbed({"data": {"param": packed(PROMPT)}}, [PROMPT])
    assert unpacked(clean["data"]["param"]) == unpacked(packed(MARK))


@pytest.mark.parametrize("text", ['{"a":   "b", "a": 1.0}', " [1,\n2] ", '"a"', '{"a": NaN}', '{"a', "7", "null"])
def test_json_in_a_text_that_holds_no_secret_is_not_written_anew(text):
    assert scrubbed([text], ["a fox"]) == [text]


def test_json_in_a_text_is_written_in_the_letters_it_had():
    clean = scrubbed([dumped({"é": "a fox"}), dumped({"é": "a fox"}, ensure_ascii=False)], ["a fox"])
    assert clean == ['{"\\u00e9": "[prompt]"}', '{"é": "[prompt]"}']
    # So a text that is no text stays one that can be written.
    assert scrubbed('["\\ud800", "a fox"]', ["a fox"]).isascii()


def test_a_key_that_comes_twice_hides_nothing():
    assert "fox" not in scrubbed('{"a": "a fox", "a": "x"}', ["a fox"])
    assert "fox" not in scrubbed('{"a": "a \\u0066ox", "a": "x"}', ["a fox"])


@pytest.mark.parametrize("prompt", ['{"style": "noir"}', '{"style":"noir"}', '["a", "b", "c"]', '"quoted"'])
def test_a_prompt_that_is_json_itself(prompt):
    assert scrubbed({"prompt": prompt}, [prompt]) == {"prompt": MARK}
    assert scrubbed({"param": dumped({"prompt": prompt})}, [prompt]) == {"param": '{"prompt": "[prompt]"}'}
    assert scrubbed({"prompt": f"{prompt} it said"}, [prompt]) == {"prompt": f"{MARK} it said"}


WRITTEN = {
    "plain": lambda text: text,
    "trimmed": str.strip,
    "padded": lambda text: f" \n{text}\t ",
    "collapsed": lambda text: " ".join(text.split()),
    "spread": lambda text: text.replace(" ", "\u00a0\r\n"),
    "json": lambda text: dumped(text)[1:-1],
    "json in utf-8": lambda text: dumped(text, ensure_ascii=False)[1:-1],
    "json in upper case": lambda text: "".join(f"\\u{ord(c):04X}" if c < "\uffff" else dumped(c)[1:-1] for c in text),
    "json twice": lambda text: dumped(dumped(text)[1:-1])[1:-1],
    "json of php": lambda text: dumped(text)[1:-1].replace("/", "\\/"),
    "python": lambda text: repr(text)[1:-1],
    "python in ascii": lambda text: ascii(text)[1:-1],
    "html": html.escape,
    "html without quotes": lambda text: html.escape(text, quote=False),
    "html in numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html in hex": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "html twice": lambda text: html.escape(html.escape(text)),
    "url": quote,
    "url of all": lambda text: quote(text, safe=""),
    "url in lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "url of a form": quote_plus,
    "url twice": lambda text: quote(quote_plus(text)),
    "json in html": lambda text: html.escape(dumped(text)[1:-1]),
    "html in a url in json": lambda text: dumped(quote(html.escape(text)))[1:-1],
    "collapsed json": lambda text: dumped(" ".join(text.split()))[1:-1],
}


ODD_PROMPTS = (PROMPT, "l'été d'un 狐", "100%25 &amp; C:\\new\\u0041", "it's a fox's den", "+0¡")
AROUND = ("{}", "refused: '{}' (x-1)", '{{"prompt": "{}", "broken')


@pytest.mark.parametrize("way", WRITTEN)
def test_a_prompt_is_found_however_it_is_written(way):
    for prompt, around in product(ODD_PROMPTS, AROUND):
        written = WRITTEN[way](prompt)
        before, _, after = around.replace("{{", "{").partition("{}")
        clean = scrubbed(before + written + after, [prompt])
        assert clean.startswith(before)
        assert clean.endswith(after)
        assert clean[len(before) : len(clean) - len(after)].strip() == MARK


@pytest.mark.parametrize("way", WRITTEN)
def test_what_stands_before_a_prompt_may_make_another_escape_of_its_beginning(way):
    prompts = (PROMPT, "nice foxes of the far north", "25 foxes of the far north")
    for before, prompt in product(("\\", "\\\\", "%", "%2", "&", "&#", "+", "\\u00"), prompts):
        clean = scrubbed(before + WRITTEN[way](prompt), [prompt]).strip()
        assert clean.endswith(MARK)
        assert len(clean) < len(before) + len(MARK) + 20


@pytest.mark.parametrize("way", sorted(set(WRITTEN) - {"plain", "padded"}))
def test_the_blanks_around_a_prompt_may_be_there_or_not(way):
    for prompt, echo in ((" two foxes\n", "two foxes"), ("two foxes", "\t two foxes ")):
        clean = scrubbed(WRITTEN[way](echo), [prompt])
        assert MARK in clean
        assert "foxes" not in clean


def test_a_prompt_under_more_escapes_than_are_read_is_found_as_it_stands():
    prompt = f"a fox %{'25' * 30}41"
    assert scrubbed(f"no: {prompt}!", [prompt]) == f"no: {MARK}!"


def test_what_is_no_escape_is_read_as_it_stands():
    assert scrubbed("&nosuch; a fox &nosuch;", ["a fox"]) == f"&nosuch; {MARK} &nosuch;"
    assert scrubbed("%zz a fox %e9", ["a fox"]) == f"%zz {MARK} %e9"
    assert scrubbed("\\u12 a fox \\q", ["a fox"]) == f"\\u12 {MARK} \\q"
    assert scrubbed("&#1;a f&#1;ox", ["a fox"]) == f"&#1;{MARK}"


def test_escapes_beyond_all_bounds_end():
    started = time.monotonic()
    assert scrubbed("%" + "25" * 2000 + " a fox", ["a fox"]).endswith(MARK)
    assert scrubbed("\\" * 4000, ["a fox", "\\" * 9]) == MARK
    assert scrubbed("a" * 4096, ["a" * 4096, "a" * 4095, "a" * 30]) == MARK
    assert time.monotonic() - started < 5


# Cut off


@pytest.mark.parametrize("length", [20, 21, 35, len(LONG) - 1])
@pytest.mark.parametrize("after", ["", "...", "…", '[truncated]"}'])
def test_the_beginning_of_a_prompt_tells_it(length, after):
    clean = scrubbed(f"refused: {LONG[:length]}{after}", [LONG])
    assert clean == f"refused: {MARK}{after}"


def test_a_shorter_beginning_is_anybodys():
    assert scrubbed(LONG[:19], [LONG]) == LONG[:19]
    assert scrubbed("a lighthouse", ["a lighthouse at dusk"]) == "a lighthouse"


@pytest.mark.parametrize("length", [20, 21, 35, len(LONG) - 1])
def test_the_end_of_a_prompt_tells_it(length):
    assert scrubbed(f"refused: ...{LONG[-length:]}!", [LONG]) == f"refused: ...{MARK}!"
    assert scrubbed(LONG[-19:], [LONG]) == LONG[-19:]


def test_a_beginning_goes_as_far_as_it_is_the_same():
    assert scrubbed(f"{LONG[:30]}XYZ{LONG[33:]}", [LONG]) == f"{MARK}XYZ{LONG[33:]}"
    assert scrubbed(f"{LONG[:24]}...{LONG[-23:]}", [LONG]) == f"{MARK}...{MARK}"
    assert scrubbed(f"{dumped(PROMPT)[1:40]}...", [PROMPT]) == f"{MARK}..."


def test_a_whole_prompt_that_begins_within_a_beginning():
    secret = "ab" * 12 + "X"
    assert scrubbed(f"-{'ab' * 15}X-", [secret]) == f"-{MARK}-"


# Several


def test_secrets_within_secrets():
    assert scrubbed("a fox in the snow, a fox", ["a fox", "a fox in the snow", "snow, a"]) == MARK
    assert scrubbed("foxfox fox", ["fox"]) == f"{MARK}{MARK} {MARK}"


def test_a_mark_is_not_marked_again():
    once = scrubbed(["prompt", "[prompt] prompt", "prompts"], ["prompt"])
    assert once == [MARK, f"{MARK} {MARK}", f"{MARK}s"]
    assert scrubbed(once, ["prompt"]) == once
    assert scrubbed({"p": dumped({"a": "a prompt"})}, ["prompt", "a prompt"]) == {"p": '{"a": "[prompt]"}'}
    # But a template that holds one is a prompt like any other.
    assert scrubbed("draw [prompt] twice", ["draw [prompt]"]) == f"{MARK} twice"


@pytest.mark.parametrize("secret", ["a", "42", "狐", " a "])
def test_a_short_secret_is_found_as_a_whole_text(secret):
    written = secret.strip()
    words = {"prompt": secret, "trimmed": written, "id": f"task_{written}_1", "param": dumped({"p": secret})}
    clean = scrubbed(words, [secret])
    assert clean["prompt"] == clean["trimmed"] == MARK
    assert clean["id"] == words["id"]
    assert json.loads(clean["param"]) == {"p": MARK}


@pytest.mark.parametrize("text", ["+4+", "%34", "&#52;", " +4 ", "\\u0034"])
def test_a_short_secret_is_found_as_a_whole_text_in_any_writing(text):
    assert scrubbed({"said": text}, ["4"]) == {"said": MARK}


def test_blanks_are_no_secret():
    assert scrubbed({"a": "b  c", " ": ""}, ["", " ", "  ", "++"]) == {"a": "b  c", " ": ""}


# What is too long or too deep


def test_a_long_text_is_only_counted():
    assert scrubbed(["x" * 4096, "x" * 4097, {"y" * 5000: 1}], []) == [
        "x" * 4096,
        "… (4097 characters)",
        {"… (5000 characters)": 1},
    ]
    assert scrubbed(["123456", "1234567"], [], longest=6) == ["123456", "… (7 characters)"]
    # What becomes too long by its marks is, too.
    assert scrubbed("fox" * 1300, ["fox"]) == "… (3900 characters)"


def test_a_prompt_of_megabytes_is_looked_for_all_the_same():
    started = time.monotonic()
    picture = "data:image/png;base64," + "iVBO/+Rw0KGgo" * 300_000
    assert scrubbed({"a": picture, "b": picture[:300]}, [picture]) == {"a": "… (3900022 characters)", "b": MARK}
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("deep", [[], {}])
def test_what_lies_too_deep_is_left_out(deep):
    for _ in range(sys.getrecursionlimit() * 3):
        deep = [deep] if isinstance(deep, list) else {"a": deep}
    clean = scrubbed(deep, ["secret"])
    assert json.dumps(clean).strip('[]{}a": ') == "\\u2026"
    levels = 0
    while not isinstance(clean, str):
        clean = next(iter(clean.values() if isinstance(clean, dict) else clean))
        levels += 1
    assert levels == 100


@pytest.mark.parametrize("depth", [90, 99, 100, 300, 900, 2000])
def test_json_in_a_text_that_is_deep(depth):
    text = "[" * depth + '"a fox"' + "]" * depth
    for words in (text, [text], [[dumped(text)]]):
        assert "fox" not in dumped(scrubbed(words, ["a fox"]))
    words = text
    for _ in range(99):
        words = [words]
    assert "fox" not in dumped(scrubbed(words, ["a fox"]))


# The user's own words


def test_the_users_own_words_of_a_body():
    body = {
        "model": "flux-2/pro-text-to-image",
        "input": {
            "Prompt": "a fox",
            "negative_prompt": "",
            "messages": [{"role": "user", "content": "hi"}, "  "],
            "caption": "x" * 41,
            "style": "y" * 40,
            "input_urls": ["https://pictures.example/" + "z" * 60],
            "context": ("one", 2, None, "a fox"),
        },
        "n": 1,
    }
    assert secrets_of(body) == ("a fox", "user", "hi", "x" * 41, "y" * 40, "one")
    assert secrets_of({"callBackUrl": "https://a.example/?q=" + "words " * 9}) == (
        "https://a.example/?q=" + "words " * 9,
    )
    assert secrets_of(None) == secrets_of({}) == secrets_of({"model": "m", "seed": 7}) == ()


def test_words_in_json_in_a_text_of_a_body():
    prompt = '{"style": "noir", "subject": ["a fox"]}'
    assert secrets_of({"prompt": prompt}) == (prompt, "noir", "a fox")
    assert secrets_of({"param": '{"prompt": "a fox"}'}) == ("a fox",)
    # It is found when it comes back as data.
    answer = {"prompt": {"style": "noir", "subject": ["a fox"]}}
    assert scrubbed(answer, secrets_of({"prompt": prompt})) == {"prompt": {"style": MARK, "subject": [MARK]}}


def test_words_of_a_deep_body():
    body = {"prompt": "a fox"}
    for _ in range(sys.getrecursionlimit() * 3):
        body = [body]
    assert secrets_of(body) == ("a fox",)


def test_a_body_without_its_prompts():
    body = {"model": "flux-2-pro", "input": {"prompt": PROMPT, "image": "data:image/png;base64," + "A" * 9000}, "n": 2}
    assert scrubbed(body, secrets_of(body)) == {
        "model": "flux-2-pro",
        "input": {"prompt": MARK, "image": "… (9022 characters)"},
        "n": 2,
    }


# Anything at all

TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
PROMPTS = st.text(min_size=3, max_size=60) | st.text("ab\\\"'/%&;+u0 \n[]{}:,x2", min_size=3, max_size=40)


PRINTED = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=3, max_size=60)


@st.composite
def echoes(draw, prompt):
    """Return JSON data that holds a prompt in several places, deep in JSON in texts too."""
    value = draw(TEXT) + prompt + draw(TEXT)
    for _ in range(draw(st.integers(0, 4))):
        other = draw(JSON)
        match draw(st.sampled_from(["list", "value", "key", "json", "json", "within"])):
            case "list":
                value = [other, value]
            case "value":
                value = {draw(TEXT): value, "other": other}
            case "key":
                value = {f"{draw(TEXT)}{prompt}": other, "held": value}
            case "json":
                value = dumped(value, ensure_ascii=draw(st.booleans()))
            case "within":
                value = f"error: {prompt}{dumped(value)}"
    return value


def check(prompt, words):
    assume(prompt not in MARK)
    clean = scrubbed(words, [prompt], longest=100_000)
    for text in texts(clean):
        assert all(prompt not in piece for piece in text.split(MARK)), (prompt, text)
    # And in what is written: where the prompt is no part of JSON's own writing, or of a mark and what is beside it.
    syntax = set('[]{}":, \\') & set(prompt) or set(prompt) <= set("0123456789.e-+truefalsn")
    if prompt.isprintable() and not syntax:
        assert prompt not in json.dumps(clean, ensure_ascii=False)


@settings(max_examples=300, deadline=None)
@given(st.data(), PROMPTS)
def test_no_prompt_is_written_down(data, prompt):
    check(prompt, data.draw(echoes(prompt)))


@settings(max_examples=200, deadline=None)
@given(PRINTED, st.sampled_from(sorted(WRITTEN)), st.integers(0, 2))
def test_no_prompt_is_written_down_in_another_writing(prompt, way, times):
    assume(len(" ".join(prompt.split())) >= 3)
    text = f"<{WRITTEN[way](prompt)}>"
    for _ in range(times):
        text = dumped({"a": text})
    clean = scrubbed(text, [prompt])
    assert MARK in clean


@settings(max_examples=200, deadline=None)
@given(JSON, st.lists(TEXT, max_size=3), st.integers(0, 30))
def test_any_data_is_scrubbed_to_json(words, secrets, longest):
    clean = scrubbed(words, secrets, longest)
    assert all(len(text) <= max(longest, 30) for text in map(str, texts(clean)))
    assert json.loads(json.dumps(clean)) == clean
    assert type(clean) is type(words)
    assert json.loads(json.dumps(scrubbed(words, secrets_of(words)))) == scrubbed(words, secrets_of(words))


SIGNS = st.text("ab-+%2B\\u0061&amp; \t", max_size=30)


@given(SIGNS, st.text("ab-+ ", min_size=3, max_size=25), SIGNS)
def test_a_text_is_told_to_hold_a_secret_wherever_a_reading_of_it_does(before, secret, behind):
    """It is looked through in haste first: what that passes holds none."""
    assume(secret.strip())
    text = before + behind
    found = {reading for reading in readings(text) if any(piece in reading for piece in (secret[:CUT], secret[-CUT:]))}
    assert holds(text, secret) or not found
    assert holds(before + secret + behind, secret)
