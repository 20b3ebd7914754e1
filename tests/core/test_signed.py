"""Signatures of webhooks: each page's own vector, what a forger tries, keys, and words that contradict each other."""

import base64
import sys
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.declare import Endpoint, Signed
from anymedia.translate.signed import MOST_KEYS, can_verify, forged, key_bytes, lacks, public_keys

from .forger import FORGERS, JWKS, OPENAI, PACKED, SCHEMES, SEED, tries

RUNAPI, FAL, KIE, BFL, REPLICATE = (SCHEMES[name] for name in ("runapi", "fal", "kie", "bfl", "replicate"))
SIGNED = {"by": "hmac-sha256", "over": "{@}", "signature": "@x-s", "key": "k"}
KEYS = Endpoint(method="GET", path="/keys")


def keys_of(scheme):
    return public_keys(JWKS) if scheme.secret is None else (key_bytes(scheme.signed, scheme.secret),)


def wrong(scheme, headers=None, body=None, keys=None, now=None):
    """Return why a webhook is not genuine; what is not given is the vector's."""
    body = scheme.body if body is None else body
    return forged(
        scheme.signed,
        headers=scheme.headers if headers is None else headers,
        body=body,
        id=lambda: scheme.id_in(body),
        keys=keys_of(scheme) if keys is None else keys,
        now=now or scheme.now,
    )


@pytest.mark.parametrize("name", SCHEMES)
def test_the_vector_of_each_page_is_genuine(name):
    scheme = SCHEMES[name]
    signature = scheme.signed.signature[1:]
    assert wrong(scheme) is None
    assert scheme.sign(scheme.headers, scheme.body) == scheme.headers[signature]  # so the forger signs as the page does
    # Of two secrets, either is right; of several signatures, any.
    other = (FORGERS,)
    assert wrong(scheme, keys=(*other, *keys_of(scheme))) is None
    both = f"v1a,{'A' * 43}= {scheme.headers[signature].upper()}  {scheme.headers[signature]}"
    assert wrong(scheme, headers=scheme.headers | {signature: both}) is None
    assert wrong(scheme, keys=other) == "its signature is not right"
    assert wrong(scheme, keys=()) == "there is no key that its signature could be checked with"
    if scheme.time is not None:
        for seconds in (-300, 300):
            assert wrong(scheme, now=scheme.now + timedelta(seconds=seconds)) is None
        assert wrong(scheme, now=scheme.now + timedelta(seconds=301)) == "its time is not within 300 seconds of now"


@pytest.mark.parametrize("name", SCHEMES)
def test_nothing_that_a_forger_tries_is_genuine(name):
    scheme, answered = SCHEMES[name], {}
    for each in tries(scheme):
        reason = wrong(scheme, each.headers, each.body)
        assert reason is not None, each
        assert len(reason) < 80, each
        assert (scheme.secret or PACKED) not in reason
        answered[each.what] = reason
    assert len(answered) >= 30
    # What can be told from the headers alone is told so, before a body is read.
    for each in tries(scheme):
        lack = lacks(scheme.signed, each.headers, scheme.now)
        assert lack in (None, answered[each.what])


@pytest.mark.parametrize("name", SCHEMES)
@given(data=st.data())
def test_of_any_bytes_and_headers_none_is_genuine_and_none_raises(name, data):
    scheme = SCHEMES[name]
    names = st.sampled_from([*scheme.headers, "x-other"])
    headers = data.draw(st.dictionaries(names, st.text(max_size=90)))
    body = data.draw(st.binary(max_size=200))
    mixed = {**scheme.headers, **headers} if data.draw(st.booleans()) else headers
    covered = body if data.draw(st.booleans()) else scheme.body
    if any(mixed.get(each) != text for each, text in scheme.headers.items()) or scheme.message(
        mixed, covered
    ) != scheme.message(scheme.headers, scheme.body):
        assert wrong(scheme, mixed, covered) is not None


def test_what_is_signed_may_be_any_part():
    body = b'{"data": {"task_id": "t.1"}}'
    time = KIE.headers["x-webhook-timestamp"]
    headers = {"x-webhook-timestamp": time}
    signed = headers | {"x-webhook-signature": KIE.sign(headers, body)}
    assert wrong(KIE, signed, body) is None
    assert wrong(KIE, signed, b'{"data": {"task_id": "t"}}') == "its signature is not right"
    assert wrong(KIE, signed, b"{}") == "it has no id, which is what is signed"
    assert wrong(KIE, signed, b'{"data": {"task_id": "t.1", "state": "fail"}}') is None  # the body is not covered
    assert [each.signed.covers for each in (KIE, BFL, FAL, REPLICATE)] == ["id", "body", "body", "body"]
    # BFL names no time, so that none is too old: only its id tells a replay.
    assert wrong(BFL, now=BFL.now + timedelta(days=9)) is None


def test_a_secret_is_read_as_its_page_writes_it():
    text = attrs.evolve(RUNAPI.signed, key_written="text")
    assert key_bytes(text, PACKED) == PACKED.encode()
    assert key_bytes(RUNAPI.signed, PACKED) == key_bytes(OPENAI, f"whsec_{PACKED}") == bytes(range(32))
    assert key_bytes(OPENAI, PACKED) == PACKED.encode()
    for signed, secret in ((RUNAPI.signed, "no base64!"), (OPENAI, "whsec_AA=A"), (RUNAPI.signed, "A")):
        with pytest.raises(ValueError, match=r"^webhook_secret is not base64$"):
            key_bytes(signed, secret)
    for signed, secret in ((OPENAI, "whsec_"), (text, "")):
        with pytest.raises(ValueError, match=r"^webhook_secret is empty$"):
            key_bytes(signed, secret)


def test_public_keys_are_those_of_the_curve_that_are_whole(monkeypatch):
    (key,) = public_keys(JWKS)
    good = JWKS["keys"][0]
    bad = [
        *({**good, name: other} for name in good for other in (None, 7, "x", [], "")),
        *({**good, "x": each} for each in (good["x"] + "=", good["x"][:-1], good["x"] + "A", "!" * 43, "é" * 43)),
        *(None, [], "x", 7),
    ]
    assert public_keys({"keys": [*bad, good, good]}) == (key,)
    assert public_keys({"keys": bad}) == public_keys({}) == public_keys(None) == public_keys([good]) == ()
    many = [{**good, "x": base64.urlsafe_b64encode(bytes([n]) * 32).decode().rstrip("=")} for n in range(50)]
    assert len(public_keys({"keys": many})) == MOST_KEYS
    # 32 bytes that are no point of the curve check nothing, and neither do bytes of another length.
    assert wrong(FAL, keys=(b"\xff" * 32, b"short")) == "its signature is not right"
    assert can_verify(FAL.signed)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert not can_verify(FAL.signed)
    assert can_verify(RUNAPI.signed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"by": "sha1"}, "by: 'sha1' is not one of hmac-sha256, ed25519"),
        ({"written": "text"}, "written: 'text' is not one of base64, hex"),
        ({"key_written": "hex"}, "key_written: 'hex' is not one of text, base64, whsec"),
        ({"signature": "x-s"}, "signature: 'x-s' is no header"),
        ({"time": "@"}, "time: '@' is no header"),
        ({"over": "{@x-id}.{body}{@}"}, "over: {body} is none of"),
        ({"over": "{@x-id}"}, "as good for any other task"),
        ({"time": "@x-time"}, "time: @x-time is not signed, so that anybody could change it"),
        ({"within": 60.0}, "within: nothing reads it without a time"),
        ({"key": None}, "either key names the setting"),
        ({"keys": KEYS}, "either key names the setting"),
        ({"key": None, "keys": KEYS}, "keys: hmac-sha256 has no public keys"),
        ({"by": "ed25519", "key": None, "keys": KEYS, "key_written": "whsec"}, "key_written: the keys that a call"),
        ({"by": "ed25519", "key": None, "keys": Endpoint(method="POST", path="/keys")}, "keys: it is a GET of a path"),
        ({"by": "ed25519", "key": None, "keys": Endpoint(method="GET", link="l")}, "keys: it is a GET of a path"),
    ],
)
def test_words_that_contradict_each_other_are_refused(changes, said):
    with pytest.raises(ValueError, match=r".") as raised:
        Signed(**SIGNED | changes)
    assert said in str(raised.value)


def test_a_public_key_may_be_a_setting():
    signed = attrs.evolve(FAL.signed, keys=None, key="public_key", key_written="base64")
    scheme = attrs.evolve(FAL, signed=signed)
    key = key_bytes(signed, base64.b64encode(public_keys(JWKS)[0]).decode())
    assert wrong(scheme, keys=(key,)) is None
    assert wrong(scheme, keys=(SEED,)) is not None
