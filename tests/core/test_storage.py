"""[storage]: what it may say, how files are named in it, and what a bucket takes, gives and lends."""

import asyncio
import builtins
import re
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Asset, ConfigError, Money, Task, read_config
from anymedia.model.file_names import BY_DAY, FIELDS, FLAT, PIECE, WHOLE, FileNames
from anymedia.storage import OPTIONS, Storage
from anymedia.translate.messages import Lost
from anymedia.transport.store import ONE, Store
from tests.client.raw import answer, raw_server
from tests.storage import KEY_ID, SECRET

# What [storage] may say


def storage(table, path=None):
    return read_config({"storage": table}, {}, path=path).storage


def test_without_the_table_there_is_none():
    assert read_config({}, {}).storage is None


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/prefix/of=mine/", "s3://bucket/prefix/of=mine"),
        ("gs://my.bucket_1/a", "gs://my.bucket_1/a"),
        ("az://container", "az://container"),
        ("/var/media", "file:///var/media"),
        ("media of mine", "file:///etc/media%20of%20mine"),
        ("file:///", "file:///"),
    ],
)
def test_where_it_is(url, kept):
    found = storage({"url": url}, Path("/etc/anymedia.toml"))
    assert (found.url, found.results, found.names) == (kept, False, BY_DAY)
    assert (found.folder is None) is not kept.startswith("file")


def test_a_folder_is_the_path_that_was_written(tmp_path):
    assert storage({"url": "a b/ü"}, tmp_path / "x.toml").folder == tmp_path / "a b/ü"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "config: storage: url: must be like s3://bucket/prefix"),
        ({"url": 7}, "config: storage: url: must be a text, not 7"),
        ({"url": "s3://b", "key": "k"}, "config: storage: no setting is named 'key'"),
        *(
            ({"url": url}, "config: storage: url: must be like s3://bucket/prefix")
            for url in (
                *(
                    "https://bucket.example/s3cret",
                    "s3://",
                    "s3:///a",
                    "S3://bucket",
                    "s3://b/../s3cret",
                    "s3://bu/./c",
                ),
                *("s3://s3cret:s3cret@bucket", "s3://bucket?s3cret=1", "s3://bucket/a#s3cret", "s3://bucket/a//b"),
                *(
                    "ftp://bucket",
                    "s3:/bucket",
                    "GS:bucket",
                    "s3://bücket",
                    "s3://bucket/a b",
                    "s3://[",
                    "s3://bucket/a\nb",
                    "s3://bucket:1/s3cret",
                ),
            )
        ),
        ({"url": "s3://bucket", "options": 1}, "config: storage: options: must be a table, not 1"),
        (
            {"url": "s3://bucket", "options": {"secret_access_key": "s3cret"}},
            "(the keys are read from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
        ),
        ({"url": "gs://bucket", "options": {"region": "eu"}}, "options: no option is named 'region'; there are none"),
        ({"url": "s3://bucket", "options": {"region": 1}}, "storage: options: region: must be a text, not 1"),
        ({"url": "s3://bucket", "options": {"allow_http": 1}}, "options: allow_http: must be true or false, not 1"),
        *(
            ({"url": "s3://bucket", "options": {"endpoint": url}}, "options: endpoint: must be a URL like https://")
            for url in ("minio", "https://", "https://u:s3cret@host", "https://host:0", "https://host:s3cret", "s3://a")
        ),
        ({"url": "s3://bucket", "options": {"endpoint": "http://10.0.0.1"}}, "endpoint: must be https://, unless"),
        ({"url": "s3://bucket", "names": "{model}.{ext}"}, "in a bucket, names need {task} and {number}, or {sha256}"),
        ({"url": "/media", "names": "{modl}.{ext}"}, "names: '{modl}.{ext}': no field is named 'modl'"),
    ],
)
def test_what_it_may_not_say(table, said):
    with pytest.raises(ConfigError) as caught:
        storage(table)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


WORDS_OF_OPTIONS = {"endpoint": "https://host.example", "server_side_encryption": "aws:kms"}


def test_a_bucket_is_opened_with_every_option_and_without_a_word_to_it(monkeypatch, tmp_path):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "ann")
    words = {str: "a-value", bool: True}
    for scheme, options in OPTIONS.items():
        given_ = {name: words[key.kinds] for name, key in options.items()}
        given_ |= {name: value for name, value in WORDS_OF_OPTIONS.items() if name in options}
        Store.open(Storage(url=f"{scheme}://bucket/a", options=given_))
    with pytest.raises(ConfigError, match="is a folder, and no bucket that lends URLs"):
        Store.open(Storage(url=tmp_path.as_uri()))
    with pytest.raises(ConfigError, match=r"the file of certificates .*none.pem: No such file"):
        Store.open(Storage(url="s3://bucket"), tmp_path / "none.pem")
    (tmp_path / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
    with pytest.raises(ConfigError, match="s3://bucket: "):
        Store.open(Storage(url="s3://bucket"), tmp_path / "bad.pem")


def test_without_obstore_the_extra_is_named(monkeypatch):
    import_ = builtins.__import__

    def without(name, *rest):
        if name.startswith("obstore"):
            raise ImportError(name)
        return import_(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"^s3://bucket needs obstore: install anymedia with its extra storage$"):
        Store.open(Storage(url="s3://bucket"))


# Names


def task(**changes):
    facts = {"id": "t-1", "provider": "p", "account": "a", "money": Money(), "path": "/"}
    return Task(submitted_at=datetime(2026, 11, 28, 23, tzinfo=UTC), **{**facts, **changes})


PICTURE = Asset(kind="image", sha256="ab" * 32, title="A song: of *two* words")


@pytest.mark.parametrize(
    ("pattern", "changes", "stem"),
    [
        (FLAT, {}, "t-1-3"),
        (BY_DAY, {"model": "flux-1.1-pro"}, "2026-11-28/flux-1.1-pro/t-1-3"),
        (BY_DAY, {"wire_id": "acme/flux v2"}, "2026-11-28/acme_flux_v2/t-1-3"),
        (BY_DAY, {"id": "../../etc/passwd"}, "2026-11-28/no-model/etc_passwd-3"),
        ("{offer}/{task}.{ext}", {"offer": "..", "id": "~"}, "no-offer/no-task"),
        ("{provider}_{account}/{kind} ({role}) {title}.{ext}", {}, "p_a/image (main) A_song_of_two_words"),
        ("{sha256}.{ext}", {}, "ab" * 32),
        ("{task}.{ext}", {"id": "é" * 99}, "é" * 40),
        ("{task}.{ext}", {"id": "a\0b\nc\\d\ud800e"}, "a_b_c_d_e"),
        ("{task}.{ext}", {"id": "愛の歌"}, "愛の歌"),
    ],
)
def test_a_name(pattern, changes, stem):
    assert FileNames(pattern).stem(task(**changes), 2, PICTURE) == stem


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "it has to end in .{ext}"),
        ("{task}", "it has to end in .{ext}"),
        ("{task}.png", "it has to end in .{ext}"),
        ("{task}.{ext}.{ext}", "no field is named 'ext'"),
        (".{ext}", "no piece of the path may be empty or begin with a dot"),
        ("/{task}.{ext}", "no piece of the path may be empty or begin with a dot"),
        ("a//{task}.{ext}", "no piece of the path may be empty or begin with a dot"),
        ("../{task}.{ext}", "no piece of the path may be empty or begin with a dot"),
        ("a/../{task}.{ext}", "no piece of the path may be empty or begin with a dot"),
        ("a/{task}/.{ext}", "no piece of the path may be empty or begin with a dot"),
        ("C:\\{task}.{ext}", "':' may not stand in it"),
        ("a\\{task}.{ext}", "'\\\\' may not stand in it"),
        ("a\0{task}.{ext}", "may not stand in it"),
        ("{{task}}.{ext}", "'{' may not stand in it"),
        ("{task!r}.{ext}", "a field is written as {task} alone"),
        ("{number:03}.{ext}", "a field is written as {number} alone"),
        ("{task.raw}.{ext}", "no field is named 'task.raw'; did you mean task?"),
        ("{}.{ext}", "no field is named ''; there are account, day, kind, model, number"),
        ("{task.{ext}", "expected '}'"),
        ("{title}{model}{offer}{account}{provider}.{ext}", None),
        ("{title}{model}{offer}{account}{provider}-{number}.{ext}", "and 240 are the most"),
        ("/".join(["{title}{model}{offer}{account}"] * 5) + ".{ext}", "and 800 are the most"),
    ],
)
def test_a_pattern_that_is_none(pattern, why):
    if why is None:
        FileNames(pattern)
        return
    with pytest.raises(ConfigError) as caught:
        FileNames(pattern)
    assert str(caught.value).startswith("names: ")
    assert why in str(caught.value)


PATTERNS = st.lists(
    st.sampled_from([*(f"{{{name}}}" for name in FIELDS), "/", "..", ".", "-", "a", "{", "}", "\\", "\0", "{ext}"])
    | st.text(),
    max_size=8,
).map(lambda parts: "".join(parts) + ".{ext}")
WORDS = st.text() | st.sampled_from(["..", "/", "../..", "a/../b", ".", "\ud800", "é" * 300, "CON", "-rf"])


@given(PATTERNS, WORDS, WORDS, WORDS)
def test_no_name_leads_out_of_its_folder(pattern, name, model, title):
    try:
        names = FileNames(pattern)
    except ConfigError:
        return
    stem = names.stem(task(id=name, model=model, offer=model, account=name), 0, Asset(kind="image", title=title))
    pieces = stem.split("/")
    assert all(piece and not piece.startswith(".") for piece in pieces)
    assert not re.search(r"[\\\0-\x1f:*?]", stem)
    assert max(len(piece.encode()) for piece in pieces) <= PIECE
    assert len(stem.encode()) <= WHOLE


# A bucket


@pytest.fixture
def store(bucket):
    return Store.open(Storage(url=f"{bucket.url}/mine", options=bucket.options))


async def given_in(*pieces):
    for piece in pieces:
        yield piece


async def got(store, key):
    return b"".join([chunk async for chunk in store.chunks(key)])


@pytest.mark.parametrize("size", [0, 3, ONE, ONE + 1], ids=["empty", "short", "one request", "two parts"])
@pytest.mark.parametrize("form", ["bytes", "file", "pieces"])
async def test_what_is_put_is_there_and_is_given_back(bucket, store, tmp_path, form, size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "a").write_bytes(data)
    source = {"bytes": data, "file": tmp_path / "a", "pieces": given_in(data[:2], data[2:])}[form]
    assert not await store.exists("a/b ü.png")
    await store.put("a/b ü.png", source, "image/png")
    assert await store.exists("a/b ü.png")
    assert bucket.keys() == ["mine/a/b ü.png"]
    assert (bucket.media_type("mine/a/b ü.png"), bucket.read("mine/a/b ü.png")) == ("image/png", data)
    assert await got(store, "a/b ü.png") == data
    assert store.location("a/b.png") == f"{bucket.url}/mine/a/b.png"


async def test_nothing_is_written_over_where_that_is_not_wanted(bucket, store):
    long = b"x" * (ONE + 1)
    for data in (b"first", long):
        await store.put("a", data, "image/png")
        for other in (b"second", b"y" * (ONE + 1)):
            with pytest.raises(FileExistsError, match="/mine/a"):
                await store.put("a", other, "image/png", over=False)
        assert bucket.read("mine/a") == data
    await store.put("new", b"n", "image/png", over=False)
    await store.put("long", long, "image/png", over=False)
    assert bucket.keys() == ["mine/a", "mine/long", "mine/new"]


async def test_what_breaks_off_leaves_nothing_behind(bucket, store):
    async def broken():
        yield b"x" * ONE
        yield b"x" * ONE
        raise Lost("it broke off", sent=True)

    with pytest.raises(Lost, match="it broke off"):
        await store.put("a", broken(), "video/mp4")
    assert (bucket.keys(), bucket.unfinished()) == ([], [])


async def test_a_cancel_leaves_nothing_at_the_bucket_that_is_paid_for(bucket, store):
    going = asyncio.Event()

    async def slow():
        while True:
            yield b"x" * ONE
            going.set()

    sending = asyncio.create_task(store.put("a", slow(), "video/mp4"))
    await going.wait()
    with pytest.raises(FileExistsError):  # whoever comes meanwhile takes another name
        await store.put("a", given_in(b"y"), "video/mp4", over=False)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (bucket.keys(), bucket.unfinished()) == ([], [])
    await store.put("a", given_in(b"y"), "video/mp4", over=False)
    assert bucket.read("mine/a") == b"y"


async def test_a_fault_of_the_source_is_told_as_it_is(bucket, store, tmp_path):
    async def gone():
        yield b"x"
        raise FileNotFoundError(2, "No such file or directory", "a.mp4")

    for source, name in ((gone(), "a.mp4"), (tmp_path / "none.mp4", "none.mp4")):
        with pytest.raises(FileNotFoundError, match=name):
            await store.put("a", source, "video/mp4")
    assert (bucket.keys(), bucket.unfinished()) == ([], [])


async def test_a_lent_url_is_read_without_keys_and_holds_none(bucket, store):
    await store.put("a b.png", b"lent", "image/png")
    url = await store.presigned("a b.png", 1e9)
    assert "X-Amz-Expires=604800" in url
    async with aiohttp.ClientSession() as session, session.get(url) as lent:
        assert (lent.status, await lent.read(), lent.content_type) == (200, b"lent", "image/png")
    assert SECRET not in url


async def test_the_variables_say_where_it_is_where_the_options_do_not(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    await Store.open(Storage(url=bucket.url)).put("a", b"1", "text/plain")
    assert bucket.keys() == ["a"]


# What goes wrong


async def calls(store):
    """Return what each way to use a bucket says, where it fails."""
    said = []
    for call in (store.put("a", b"1", "image/png"), got(store, "a"), store.exists("a")):
        try:
            said.append(await call)
        except Lost as lost:
            said.append(lost)
    return said


async def test_a_bucket_that_is_not_there(bucket):
    nowhere = Store.open(Storage(url="s3://no-such-bucket/mine", options=bucket.options))
    put, chunks, exists = await calls(nowhere)
    assert (str(put), put.permanent) == ("the bucket of s3://no-such-bucket/mine does not exist", True)
    assert (str(chunks), exists) == (str(put), False)


async def test_an_object_that_is_not_there(bucket, store):
    with pytest.raises(Lost) as caught:
        await got(store, "a")
    assert (str(caught.value), caught.value.permanent) == (f"{bucket.url}/mine/a does not exist", True)


async def test_keys_that_are_none(bucket, store, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", bucket.endpoint.rpartition(":")[0] + ":9")
    without = Store.open(Storage(url=bucket.url, options=bucket.options))
    said = await calls(without)
    with pytest.raises(Lost) as caught:
        await without.presigned("a", 60)
    for lost in (*said, caught.value):
        assert (str(lost), lost.permanent) == (
            f"no keys for {bucket.url} were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            True,
        )


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_a_key(bucket, monkeypatch, name):
    monkeypatch.delenv(name)
    with pytest.raises(ConfigError, match=f"^one of the keys for {bucket.url} was not found: set AWS_"):
        Store.open(Storage(url=bucket.url, options=bucket.options))


ANSWERS = {
    "403 Forbidden": (
        f"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId><S>{SECRET}</S></Error>",
        "answered 403 Forbidden (SignatureDoesNotMatch)",
        True,
    ),
    "401 Unauthorized": (SECRET, "answered 401 Unauthorized", True),
    "400 Bad Request": (SECRET, "answered 400 Bad Request", False),
}


@pytest.mark.parametrize("status", ANSWERS)
async def test_a_refusal_is_told_without_what_was_sent(bucket, status):
    body, said, permanent = ANSWERS[status]
    async with raw_server(answer(body.encode(), status=status)) as server:
        store = Store.open(Storage(url="s3://bucket", options={**bucket.options, "endpoint": server.origin}))
        put, chunks, exists = await calls(store)
    for lost in (put, chunks):
        assert (str(lost), lost.permanent) == (f"s3://bucket/a: {said}", permanent)
    assert said.startswith(str(exists).removeprefix("s3://bucket/a: "))  # the answer to HEAD has no body


async def test_a_store_that_is_out_of_reach(bucket):
    store = Store.open(Storage(url="s3://bucket", options={**bucket.options, "endpoint": "http://127.0.0.1:9"}))
    for lost in await calls(store):
        assert re.fullmatch(r"s3://bucket/a: http://127.0.0.1:\d+ gave no answer", str(lost))
        assert not lost.permanent
