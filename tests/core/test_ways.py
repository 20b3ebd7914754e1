"""Which way a file of this machine goes to an offer, and what its calls hold of it."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import attrs
import pytest

from anymedia import Account, ImageRequest, Media, Unavailable
from anymedia.account import Secret
from anymedia.declare import (
    Endpoint,
    File,
    Files,
    Hook,
    Idempotency,
    Offer,
    Param,
    PerMegapixel,
    PriceQuote,
    Size,
    Step,
    Text,
    Upload,
)
from anymedia.errors import AnymediaError, RateLimited
from anymedia.model.slots import Slot, Way
from anymedia.model.urls import is_on_the_web, signatures, unsigned
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.encode import ask_price, submit
from anymedia.translate.files import Ways
from anymedia.translate.form import form
from anymedia.translate.messages import Answer, Stream
from anymedia.translate.upload import Placed, found, known_of, placed, step_call
from anymedia.transport.upload import Streamed
from tests.core.acme import acme
from tests.core.test_media import PNG, URI, URL

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PHOTO = Media(PNG, name="photo.png")
STEP = Step(call=Endpoint(method="POST", path="/files"), sends={"data": "{base64}"}, finds={"url": "url"})


def sold(takes, upload=None, mask=None, **facts):
    """Return a provider with one offer whose files are taken so."""
    params = {"prompt": Param("prompt", Text()), "images": Param("images", takes)}
    params |= {} if mask is None else {"mask": Param("mask", mask)}
    offer = Offer(name="paint-1", params=params, **facts)
    return acme(offers=(offer,), upload=upload, submit=Endpoint(method="POST", path="/v1", model="model"))


def checked(adapter, *images, ways=None, **fields):
    request = ImageRequest(model="paint-1", prompt="x", images=images, **fields)
    return check(request, adapter, adapter.offers[0], ways=ways or Ways())


def account(adapter, **facts):
    return Account(name="acme", adapter=adapter, origin=adapter.base_url, api_key=Secret("k-1"), **facts)


@pytest.mark.parametrize(
    ("forms", "facts", "ways", "way"),
    [
        (("url", "upload"), {}, Ways(), Way.UPLOAD),
        (("url", "data", "upload"), {}, Ways(), Way.DATA),
        (("url", "data", "upload"), {"inline": 0.00001}, Ways(), Way.UPLOAD),
        (("base64",), {}, Ways(), Way.BASE64),
        (("part",), {}, Ways(), Way.PART),
        (("url",), {}, Ways(lends=True), Way.STORAGE),
        (("url", "upload"), {}, Ways(lends=True), Way.UPLOAD),
        (("url",), {}, Ways(), None),
        (("base64",), {"inline": 0.00001}, Ways(lends=True), None),
    ],
)
def test_a_file_goes_the_first_way_that_takes_it(forms, facts, ways, way):
    adapter = sold(
        Files(1, 2, forms=forms, **facts), Upload(STEP) if "upload" in forms else None, File(forms=forms, **facts)
    )
    got = checked(adapter, PHOTO, PHOTO, mask=PHOTO, ways=ways)
    if way is None:
        assert {each.field for each in got.problems} == {"images", "mask"}
        assert all(each.unsupported for each in got.problems)
        return
    assert got.problems == ()
    images, mask = got.fields["images"].sent, got.fields["mask"].sent
    assert [(slot.way, slot.field) for slot in (*images, mask)] == [(way, "images"), (way, "images"), (way, "mask")]


def test_both_ways_out_are_named_where_there_is_none():
    (problem,) = checked(sold(Files(1, 2)), PHOTO).problems
    assert "photo.png" in problem.message
    assert "set [storage] url in anymedia.toml" in problem.message
    assert "put the file on the web" in problem.message
    (problem,) = checked(sold(Files(forms=("data",), inline=0)), PHOTO).problems
    assert problem.message.endswith("is larger than what Acme takes")
    adapter = sold(Files(forms=("data",), inline=0, megabytes=0.00001))  # a limit of the page beside what cannot be
    for limits, said in ((True, "takes at most 1e-05 megabytes"), (False, "is larger than what Acme takes")):
        (problem,) = check(
            ImageRequest(model="paint-1", prompt="x", images=PHOTO), adapter, adapter.offers[0], limits=limits
        ).problems
        assert said in problem.message
    (problem,) = checked(sold(Files(forms=("part",))), URL).problems
    assert problem.message == "takes the file itself and no URL: give its bytes, or a Path"
    adapter = sold(Files(forms=("data",), inline=0, megabytes=0.00001))
    request = ImageRequest(model="paint-1", prompt="x", images=[PHOTO])
    (problem,) = check(request, adapter, adapter.offers[0], limits=False).problems
    assert "larger than what Acme takes" in problem.message  # also where the limit that it breaks is ignored


def test_an_upload_takes_so_many_megabytes():
    small = sold(Files(forms=("upload",)), Upload(STEP, megabytes=0.00001))
    assert "larger than" in checked(small, PHOTO).problems[0].message


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"types": ("image/jpeg",)}, "takes image/jpeg, and photo.png is image/png"),
        ({"megabytes": 0.00001}, "takes at most 1e-05 megabytes, and photo.png has 0.0"),
        ({"sides": (300, 6000)}, "takes 300 to 6000 pixels a side, and photo.png is 37x21"),
        ({"sides": (1, 30)}, "takes 1 to 30 pixels a side, and photo.png is 37x21"),
        ({"megapixels": 0.0001}, "takes at most 0.0001 megapixels, and photo.png is 37x21"),
    ],
)
def test_what_an_offer_cannot_take_is_refused_unless_limits_are_off(facts, message):
    adapter = sold(Files(forms=("data",), **facts))
    assert [each.message for each in checked(adapter, PHOTO).problems] == [message]
    request = ImageRequest(model="paint-1", prompt="x", images=PHOTO)
    assert check(request, adapter, adapter.offers[0], limits=False).problems == ()
    unknown = Media(b"anything", "image/jpeg")
    if "types" in facts or "sides" in facts or "megapixels" in facts:
        assert checked(adapter, unknown).problems == ()
    assert (
        checked(sold(Files(forms=("data",), types=("image/png",), sides=(1, 99), megapixels=1)), PHOTO).problems == ()
    )


PRIVATE = (
    *("http://localhost/x.png", "http://LOCALHOST:80/x", "http://127.0.0.1/x", "http://127.1/x", "http://0x7f000001/x"),
    *("http://2130706433/x", "http://10.1.2.3/x", "http://192.168.0.1/x", "http://169.254.169.254/x", "http://[::1]/x"),
    *(
        "http://[fd00::1]/x",
        "http://nas/x.png",
        "http://printer.local/x",
        "http://files.internal/x",
        "http://a.localhost./x",
    ),
    *("http://127.0.0。1/x", "http://１２７.0.0.1/x", "http://%31%32%37.0.0.1/x", "http://①⑥⑨.254.169.254/x"),
    *("http://a.ｌocal/x", "http://[64:ff9b::7f00:1]/x", "http://[2002:7f00:1::]/x", "http://[::127.0.0.1]/x"),
    *("http://x.corp/x", "http://localhost\\@example.com/x", "http://224.0.0.1/x", "http://ü..b/x"),
    *(f"http://b\u00fc{'a' * 70}.example/x", "http://x.home.arpa/x", "http://[::ffff:127.0.0.1]/x", "http://h:99999/x"),
)


@pytest.mark.parametrize("url", PRIVATE)
def test_what_is_not_on_the_web_is_no_public_url_but_at_an_account_on_this_machine(url):
    adapter = sold(Files(1, 2))
    (problem,) = checked(adapter, url).problems
    assert "is not on the web, where Acme could fetch it: give its bytes, or a Path" in problem.message
    assert checked(adapter, url, ways=Ways(local=True)).problems == ()


def test_public_hosts_are_on_the_web():
    for host in ("example.com", "8.8.8.8", "[2606:4700::1]", "a-b.example", "xn--bcher-kva.example", "1.example"):
        assert is_on_the_web(f"https://{host}/x.png")


AWS = "https://b.s3.amazonaws.com/k.png?X-Amz-Algorithm=A&X-Amz-Expires=9&X-Amz-Signature=5e1f&versionId=7"


@pytest.mark.parametrize(
    ("url", "plain", "signature"),
    [
        (AWS, "https://b.s3.amazonaws.com/k.png?versionId=7", "5e1f"),
        ("https://s/k?X-Goog-Date=2&X-Goog-Signature=ab", "https://s/k", "ab"),
        ("https://a.blob/c/k?sv=1&sr=b&sig=q%2F&v=2", "https://a.blob/c/k?v=2", "q%2F"),
        ("https://s/k?AWSAccessKeyId=A&Expires=1&Signature=zz", "https://s/k", "zz"),
        ("https://s/k?Expires=1&Policy=p&Key-Pair-Id=K&Signature=zz&w=1", "https://s/k?w=1", "zz"),
        ("https://s/k?OSSAccessKeyId=A&Expires=1&Signature=zz", "https://s/k", "zz"),
        ("https://s/k?q-sign-algorithm=sha1&q-signature=zz", "https://s/k", "zz"),
        ("https://s/k?expires=1", "https://s/k?expires=1", None),
        ("https://s/k?design=1&sign=2", "https://s/k?design=1&sign=2", None),
        ("http://h:0/x?sig=1", "http://h:0/x?sig=1", None),
    ],
)
def test_the_signatures_of_known_stores_are_no_part_of_a_file(url, plain, signature):
    assert unsigned(url) == plain
    assert signatures(url) == ([] if signature is None else [signature])
    assert unsigned({"a": [url, 1], "b": "text"}) == {"a": [plain, 1], "b": "text"}
    assert signatures({"a": [url, 1], "b": "text"}) == signatures(url)


# In a body


def bodies(adapter, request, **facts):
    (candidate,) = candidates(request, [account(adapter, **facts)])
    return candidate


def test_what_is_explained_says_which_way_each_file_goes_and_reads_none(tmp_path):
    upload = Upload(attrs.evolve(STEP, finds={"url": "url"}), expires=3600)
    for takes, facts, where, seconds, way in (
        (Files(forms=("url", "upload")), {}, "Acme, by its own upload", 3600, "upload"),
        (Files(forms=("url",)), {"lender": "s3://b/p"}, "s3://b/p/inputs/….png", 86_400, "storage"),
        (Files(forms=("data",)), {}, None, None, "data"),
        (Files(forms=("part",)), {}, None, None, "part"),
    ):
        photo = tmp_path / f"{way}.png"
        photo.write_bytes(PNG)
        request = ImageRequest(model="paint-1", prompt="x", images=[photo, URL] if "url" in takes.forms else photo)
        adapter = sold(takes, upload if "upload" in takes.forms else None)
        adapter = attrs.evolve(adapter, idempotency=Idempotency("X-Key", window=60))
        candidate = bodies(adapter, request, **facts)
        photo.unlink()
        explained = explain(candidate)
        (file,) = explained.files
        assert (file.field, file.file, file.media_type, file.bytes) == ("images", f"{way}.png", "image/png", 82)
        assert (file.way, file.where, file.seconds) == (way, where, seconds)
        assert explained.json["images"][0].startswith(f"<{way}.png, image/png, 82 bytes: ")
        assert ("X-Key" in explained.headers) is (where is not None)  # a body that holds a file is sent once
        assert explained.headers["Content-Type"] == ("multipart/form-data" if way == "part" else "application/json")
        json.dumps(explained.json)


def test_a_price_is_asked_for_without_the_name_of_a_file():
    asks = Endpoint(method="POST", path="/quote", keyed=False)
    words = PriceQuote(call=asks, of="/{version}", sends={"params": "{body}"}, usd="usd")
    adapter = sold(Files(forms=("upload",)), Upload(STEP))
    candidate = bodies(adapter, ImageRequest(model="paint-1", prompt="x", images=PHOTO))
    call = ask_price(words, candidate.account, candidate.checked, candidate.parts[0])
    assert call.json["params"]["images"] == ["https://example.com/file.png"]


def test_a_body_with_a_part_is_a_form_and_no_name_breaks_out_of_its_header():
    adapter = sold(Files(forms=("part",)))
    evil = Media(PNG, name='a"\r\nX: 1')
    body = {"prompt": "x", "n": 2, "flag": True, "none": None, "more": {"a": 1}, 'a"b': "c"}
    body["image[]"] = [Slot("images", evil, Way.PART), Slot("images", PHOTO, Way.PART)]
    call = submit(account(adapter), None, "/v1", body, None)
    assert call.json is None
    kind, boundary = call.headers["Content-Type"].split("; boundary=")
    assert kind == "multipart/form-data"
    parts = call.body.split(f"--{boundary}".encode())
    assert len(parts) == 2 + 7
    assert b'name="a_b"' in call.body
    assert b'filename="a___X: 1"' in call.body
    assert call.body.count(PNG) == 2
    assert b'name="n"\r\n\r\n2\r\n' in call.body
    assert b'name="flag"\r\n\r\ntrue\r\n' in call.body
    assert b'name="more"\r\n\r\n{"a":1}\r\n' in call.body
    assert submit(account(adapter), None, "/v1", body, None).body == call.body  # the same bytes, however often


def doubled(body):
    return {**body, "images": body["images"][:1] * 2}


def test_a_hook_that_takes_one_file_for_another_is_refused_though_both_are_told_in_the_same_words():
    adapter = sold(Files(forms=("data",)))
    submit_ = attrs.evolve(adapter.lifecycle.submit, writes=Hook(f"{__name__}:doubled", why="to be wrong"))
    adapter = attrs.evolve(adapter, lifecycle=attrs.evolve(adapter.lifecycle, submit=submit_))
    request = ImageRequest(model="paint-1", prompt="x", images=[PNG, PNG[:-1] + b"."])
    (problem,) = explain(bodies(adapter, request)).refusals
    assert problem.message.endswith("doubled keeps not every place of a file")


def test_a_provider_may_want_forms_always():
    adapter = sold(Files())
    life = attrs.evolve(adapter.lifecycle, submit=attrs.evolve(adapter.lifecycle.submit, body="form"))
    call = submit(account(attrs.evolve(adapter, lifecycle=life)), None, "/v1", {"prompt": "x"}, None)
    assert call.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert form({}, "b") == (b"--b--\r\n",)


def test_a_stream_is_no_text():
    with pytest.raises(TypeError, match="is not read as text"):
        Streamed(Stream((PHOTO,))).decode()


# An upload

TOKEN = Step(
    call=Endpoint(method="POST", path="/token", query={"kind": "{type}"}),
    finds={"token": "token", "to": "to", "headers": "headers"},
)
PUT = Step(call=Endpoint(method="PUT", link="to", body="file", keyed=False), headers="headers")
DONE = Step(
    call=Endpoint(method="POST", path="/done/{token}", headers={"X-Token": "{token}"}),
    sends={"size": "{size}", "about": ["{name} is {type}", "{sha256}", "{md5}", "{data}", 7]},
    finds={"url": "url", "expires": "expires!iso"},
)


def test_each_step_says_what_it_knows():
    upload = Upload(TOKEN, PUT, DONE, expires="expires")
    adapter = sold(Files(forms=("upload",)), upload)
    acme_account = account(adapter)
    known = known_of(PHOTO, upload)
    assert known == {
        "name": "photo.png",
        "type": "image/png",
        "size": 82,
        "sha256": PHOTO.sha256,
        "md5": base64.b64encode(hashlib.md5(PNG).digest()).decode(),
        "data": URI,
    }
    token = step_call(acme_account, TOKEN, known, PHOTO)
    assert (token.url.partition("?")[2], token.method, token.json, token.keyed, token.alone, token.public) == (
        "kind=image%2Fpng",
        "POST",
        {},
        True,
        True,
        False,
    )
    known |= {"token": "t-1", "to": "https://store.example/put?sig=1", "headers": {"X-A": "b", "X-N": 1}}
    known["headers"] |= {"Content-Length": "5", "transfer-encoding": "chunked", "Host": "elsewhere.example"}
    put = step_call(acme_account, PUT, known, PHOTO)
    assert (put.method, put.url, put.keyed, put.public) == ("PUT", "https://store.example/put?sig=1", False, True)
    assert (put.headers["X-A"], put.headers["X-N"]) == ("b", "1")
    assert not {"content-type", "content-length", "transfer-encoding", "host"} & {*map(str.lower, put.headers)}
    assert (put.body, put.body.length, put.body.read()) == (Stream((PHOTO,)), 82, PNG)
    done = step_call(acme_account, upload.steps[2], known, PHOTO)
    assert done.url == "https://api.acme.example/done/t-1"
    assert done.headers["X-Token"] == "t-1"
    assert done.json == {"size": 82, "about": ["photo.png is image/png", known["sha256"], known["md5"], URI, 7]}
    posted = Step(
        call=Endpoint(method="POST", path="/f", body="form"),
        sends={"file": "{file}", "to": "{name}"},
        finds={"url": "u"},
    )
    call = step_call(acme_account, posted, known, PHOTO)
    assert call.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert call.body.read().count(PNG) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{file}", "{file}"),
        ("../../v1/submit?n=9#", ".._.._v1_submit?n=9#"),
        ('a"\r\nX: 1', "a___X: 1"),
        ("\ud83d.png", "_.png"),
        ("..", "file.png"),
        ("ü" * 300 + ".png", "ü" * 196 + ".png"),
    ],
)
def test_a_name_is_no_path_no_header_and_no_file(name, said):
    form_ = Step(
        call=Endpoint(method="POST", path="/f/{name}", body="form"),
        sends={"file": "{file}", "name": "{name}"},
        finds={"url": "u"},
    )
    upload, media = Upload(form_), Media(PNG, name=name)
    call = step_call(account(sold(Files(forms=("upload",)), upload)), form_, known_of(media, upload), media)
    assert call.url == "https://api.acme.example/f/" + quote(said)
    sent = call.body.read()
    assert sent.count(PNG) == 1
    assert f'name="name"\r\n\r\n{said}\r\n'.encode() in sent


@pytest.mark.parametrize(
    ("steps", "facts", "why"),
    [
        ((DONE,), {}, "step 1 names token, which no step before it finds"),
        ((PUT,), {}, "step 1 names to, which no step before it finds"),
        ((STEP,), {"url": "link"}, "no step finds link"),
        ((STEP,), {"expires": "end"}, "no step finds end"),
        ((attrs.evolve(STEP, call=Endpoint(method="PUT", path="/f", body="file")),), {}, "nothing reads what it sends"),
    ],
)
def test_an_upload_that_names_what_nobody_finds_is_refused(steps, facts, why):
    with pytest.raises(ValueError, match=why):
        Upload(*steps, **facts)


def test_an_upload_that_is_missing_or_that_no_field_asks_for_is_refused():
    with pytest.raises(ValueError, match="paint-1: its files go by upload, and the adapter names none"):
        sold(Files(forms=("upload",)))
    with pytest.raises(ValueError, match="no offer takes a file by upload"):
        sold(Files(), Upload(STEP))
    for wrong, why in (
        ({"forms": ("carrier",)}, "forms: carrier; there are url, upload"),
        ({"forms": ()}, "forms: none"),
    ):
        with pytest.raises(ValueError, match=why):
            Files(**wrong)
    with pytest.raises(ValueError, match="the least and the most pixels"):
        File(sides=300)
    with pytest.raises(ValueError, match=r"files are put into images: it takes Files\(…\), not File\(…\)"):
        sold(File())
    with pytest.raises(ValueError, match="'image\\[\\]' is no place"):
        Offer(name="o", params={"images": Param("image[]", Files())})


def test_a_file_stands_in_a_query_as_its_url_alone():
    def offer(takes):
        return Offer(name="o", params={"images": Param("?url", takes)})

    with pytest.raises(ValueError, match="images is sent in the query, where a file stands as its public URL alone"):
        offer(Files(forms=("url", "data")))
    adapter = acme(offers=(offer(Files()),), submit=Endpoint(method="POST", path="/v1"))
    request = ImageRequest(model="o", prompt="x", images=PHOTO)
    problems = check(request, adapter, adapter.offers[0], ways=Ways(lends=True)).problems
    assert "is not on the web, and Acme takes a public URL" in str(problems)


def asked(adapter):
    return Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="m", now=NOW, secrets=(Secret("k-1"),))


def test_what_a_step_is_answered_is_found_or_refused():
    adapter = sold(Files(forms=("upload",)), Upload(STEP))
    who = asked(adapter)
    assert found(who, STEP, Answer(200, {}, b'{"url": "https://a.example/f"}')) == {"url": "https://a.example/f"}
    for answer, error, message in (
        (Answer(200, {}, b"{}"), Unavailable, "answered without url"),
        (Answer(200, {}, b"<html>"), Unavailable, "answered without url"),
        (Answer(200, {}, b'{"url": "https://a.example/\\ud800"}'), Unavailable, "answered without url"),
        (Answer(200, {}, b'{"url": {"a": "\\ud800"}}'), Unavailable, "answered without url"),
        (Answer(429, {"retry-after": "3"}, b'{"message": "slow"}'), RateLimited, "slow"),
        (Answer(500, {}, b""), Unavailable, "500"),
    ):
        with pytest.raises(error, match=message):
            found(who, STEP, answer)
    with pytest.raises(Unavailable, match="the store answered 403: SignatureDoesNotMatch"):
        found(who, PUT, Answer(403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"))


def test_where_a_file_lies_is_a_url_with_an_end():
    upload, adapter = Upload(STEP, expires=60), sold(Files(forms=("upload",)), Upload(STEP))
    who, until = asked(adapter), NOW + timedelta(hours=1)
    assert placed(who, upload, {"url": "https://a.example/f"}) == Placed(
        "https://a.example/f", NOW, NOW + timedelta(minutes=1)
    )
    assert placed(who, Upload(STEP), {"url": "/files/1"}) == Placed("https://api.acme.example/files/1", NOW)
    named = Upload(attrs.evolve(STEP, finds={"url": "url", "end": "end!iso"}), expires="end")
    assert placed(who, named, {"url": URL, "end": until}).until == until
    assert placed(who, named, {"url": URL, "end": "60"}).until == NOW + timedelta(minutes=1)
    for no_time in ("tomorrow", 1e18, float("nan"), float("inf"), -(10**20), True, [], None):
        assert placed(who, named, {"url": URL, "end": no_time}).until is None
    for nothing in ("ftp://a/b", 7, "javascript:alert(1)", " "):
        with pytest.raises(AnymediaError, match="named no usable URL"):
            placed(who, upload, {"url": nothing})


def test_what_an_upload_names_may_be_a_reference_that_is_no_url():
    upload, who = Upload(STEP, reference=True), asked(sold(Files(forms=("upload",)), Upload(STEP)))
    for reference in ("file_123", "asset://abc"):
        assert placed(who, upload, {"url": reference}) == Placed(reference, NOW)
    with pytest.raises(AnymediaError, match="named no reference to it"):
        placed(who, upload, {"url": 7})


@pytest.mark.parametrize(
    ("link", "why"), [("ftp://a/b", "no usable URL"), (7, "no usable URL"), ("http://s.example/put", "unencrypted")]
)
def test_a_file_goes_to_no_link_that_is_none_or_that_others_could_read(link, why):
    adapter = sold(Files(forms=("upload",)), Upload(TOKEN, PUT, DONE))
    known = {"to": link, "headers": None, "token": "t"}
    with pytest.raises(Unavailable, match=why):
        step_call(account(adapter), PUT, known, PHOTO)
    if why == "unencrypted":
        assert step_call(account(adapter, allow_http=True), PUT, known, PHOTO).url == link


# A price by what is put in


def test_a_price_that_goes_by_what_is_put_in_knows_the_pixels_of_files():
    size = {"size": Param("", Size())}
    adapter = sold(Files(forms=("url", "data")), prices=PerMegapixel("0.03", "0.015", "0.01"))
    offer = attrs.evolve(adapter.offers[0], params=adapter.offers[0].params | size)
    adapter = attrs.evolve(adapter, offers=(offer,))

    def money(*images):
        return bodies(adapter, ImageRequest(model="paint-1", prompt="x", images=images, size=(64, 64))).money

    large = Media(PNG[:16] + (2048).to_bytes(4) + (1025).to_bytes(4) + PNG[24:])
    assert (money(PHOTO).usd, money(PHOTO).status) == (Decimal("0.04"), "exact")
    assert (money(large).usd, money(large).status) == (Decimal("0.06"), "estimate")
    assert (money(PHOTO, large).usd, money(PHOTO, large).reason.startswith("each file")) == (Decimal("0.07"), True)
    assert money(PHOTO, URL).usd is None
    assert "give the file" in money(URL).reason
