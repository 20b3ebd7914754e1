"""What of files is written down: where they lie and their digests, and neither their bytes nor who may fetch them."""

import asyncio
import base64
import json
import signal
import sys

import attrs
import pytest

from anymedia import Client, ImageRequest, read_config
from anymedia.declare import Files, Idempotency
from anymedia.model.media import Media
from tests.client.test_uploads import PHOTO, asked
from tests.core.test_media import PNG


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(PHOTO)
    return path


@pytest.mark.parametrize("provider", ["reapi", "api_in_one", "revidapi"])
async def test_the_storage_lends_a_url_where_a_provider_takes_no_files(
    sims, clock, path, photo, bucket, provider, whole
):
    config = read_config(
        {**sims.config, "storage": bucket.table("/mine"), "journal": {"path": str(path)}}, sims.environ
    )
    async with Client(config, clock=clock) as client:
        (explained,) = client.explain(
            asked(photo), provider, offer=f"{provider}/{'flux-2' if provider == 'reapi' else 'flux-2-pro'}"
        )
        assert explained.files[0].where == f"{bucket.url}/mine/inputs/….png"
        assert bucket.keys() == []
        await client.submit(asked(photo), provider)
        await client.submit(asked(PHOTO), provider)
        (key,) = bucket.keys()
        assert (key, bucket.read(key)) == (f"mine/inputs/{Media(PHOTO).sha256}.png", PHOTO)
        assert bucket.media_type(key) == "image/png"
    # Whoever reads the journal cannot fetch it.
    assert "X-Amz-Signature" not in whole()
    assert "inputs/" in whole()


async def test_a_signature_is_kept_until_no_replay_needs_it(client, sims, whole, read):
    runapi = sims["runapi"]
    signed = asked("https://b.s3.amazonaws.com/k.png?X-Amz-Date=1&X-Amz-Signature=5e1f5e1f5e1f")
    runapi.fault("reset_after", times=None)
    with pytest.raises(Exception, match="may have been billed"):
        await client.submit(signed, "runapi")
    assert "5e1f5e1f5e1f" in str(read()[0].order.body)
    runapi.clear()
    task = await client.submit(signed, "runapi")
    assert "5e1f5e1f5e1f" not in str(next(each for each in read() if each.task and each.task.id == task.id))
    await client.submit(signed, "api_in_one")
    assert "5e1f5e1f5e1f" not in str([each for each in read() if each.order.account == "api_in_one"])


@pytest.mark.parametrize("end", ["replayed", "settled", "named"])
async def test_a_signature_is_gone_once_another_process_has_found_out_what_became_of_it(sims, clock, path, read, end):
    runapi = sims["runapi"]
    config = read_config({**sims.config, "journal": {"path": str(path)}}, sims.environ)
    runapi.fault("reset_after", times=None)
    async with Client(config, clock=clock) as client:
        with pytest.raises(Exception, match="may have been billed"):
            await client.submit(asked("https://b.s3.amazonaws.com/k.png?X-Amz-Signature=5e1f5e1f5e1f"), "runapi")
    (attempt,) = read()
    assert "5e1f5e1f5e1f" in str(attempt.order.body)
    runapi.clear()
    async with Client(config, clock=clock) as client:
        if end == "replayed":
            assert (await client.recover(replay=True)).errors == ()
        else:
            await client.settle(attempt.id, billed=True, task_id="t-1" if end == "named" else None)
    (attempt,) = read()
    assert attempt.order.body["source_image_urls"] == ["https://b.s3.amazonaws.com/k.png"]
    assert "5e1f5e1f5e1f" not in str(attempt)


@pytest.fixture
async def inline(config, clock):
    """Yield a client at a provider that takes files in its body, and honours a replay key."""
    account = config.accounts["reapi"]
    adapter = account.adapter
    offer = adapter.offer("gpt-image-2")
    takes = Files(1, 16, forms=("url", "data"))
    params = {**offer.params, "images": attrs.evolve(offer.params["images"], takes=takes)}
    adapter = attrs.evolve(
        adapter, offers=(attrs.evolve(offer, params=params),), idempotency=Idempotency("Idempotency-Key", window=60)
    )
    accounts = {"reapi": attrs.evolve(account, adapter=adapter)}
    async with Client(attrs.evolve(config, accounts=accounts), clock=clock) as client:
        yield client


async def test_a_body_that_holds_a_file_is_sent_once_and_its_digest_is_kept(inline, sims, photo, whole, read):
    request = ImageRequest(model="gpt-image-2", prompt="a fox", images=PNG)
    sims["reapi"].fault("reset_before")
    with pytest.raises(Exception, match="may have been billed and is not sent again") as caught:
        await inline.submit(request)
    assert "replay" not in str(caught.value)
    assert sims["reapi"].bills()["submits"] == 1
    (attempt,) = read()
    assert attempt.replay_key is None
    assert attempt.order.body["image_urls"] == [f"<sha256 {Media(PNG).sha256}, image/png, 82 bytes>"]
    assert base64.b64encode(PNG).decode() not in whole()
    recovered = await inline.recover(replay=True)
    assert "sent under no replay key, as a body that holds a file is" in str(recovered.errors[0])


KILLED = """
import asyncio, json, os, signal, sys
from pathlib import Path
from anymedia import Client, ImageRequest, read_config
from anymedia.engine.session import Session

async def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def main(config, environ, photo):
    Session.begin = die
    async with Client(read_config(config, environ)) as client:
        await client.submit(ImageRequest(model="flux-2-pro", prompt="a fox", images=Path(photo)), "runapi")

asyncio.run(main(*json.loads(sys.argv[1])))
"""


@pytest.mark.slow
async def test_a_kill_between_upload_and_intent_loses_nothing_and_buys_nothing(sims, path, photo):
    config = {**sims.config, "journal": {"path": str(path)}}
    job = json.dumps([config, sims.environ, str(photo)])
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, job)
    assert await child.wait() == -signal.SIGKILL
    runapi = sims["runapi"]
    assert [upload.content for upload in runapi.service.uploads.every()] == [PHOTO]
    assert runapi.bills()["submits"] == 0
    async with Client(read_config(config, sims.environ)) as client:
        assert await client.attempts() == []
        assert (await client.recover()).uncertain == ()
        await client.submit(asked(photo), "runapi")
        assert len(await client.attempts()) == 1
    assert runapi.bills()["submits"] == 1
