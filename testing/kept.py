"""What an offer promises from the first call to the work on disk."""

from pathlib import Path
from unittest.mock import patch

from PIL import Image

from anymedia import AnymediaError, Asset, Kind, State, Task, from_json, to_json
from anymedia.declare import pick
from anymedia.model.strict_json import dumps
from anymedia.pricing.live import questions
from anymedia.translate.check import check

from .credentials import account_at, amiss, with_secrets
from .hints import hint
from .suite import (
    SHAPE,
    Case,
    Scene,
    Suite,
    at_simulator,
    fail,
    in_a_loop,
    last_word,
    look,
    promise,
    read_as,
    stated_end,
)

LOOKS = 8
"""How often a task is looked at in its life."""

NEAR = 0.6
"""Seconds that a length may be off: some are whole frames, or whole seconds."""

MEDIA_TYPES = {
    **{form: (f"image/{form}",) for form in ("png", "jpeg", "webp")},
    **{form: (f"audio/{form}",) for form in ("wav", "flac", "aac")},
    "mp3": ("audio/mpeg",),
    "opus": ("audio/ogg",),
    "pcm": ("audio/wav", "audio/pcm"),
}
"""What a file is that was asked for in a format; pcm may come in the box of a WAV."""


class Kept(Suite):
    """The life of a task that goes well."""

    @in_a_loop
    async def test_an_offer_keeps_its_promises(self, case: Case, tmp_path: Path) -> None:
        """What is explained is sent, what is quoted is billed, what was asked for is made."""
        async with at_simulator(case.adapter) as scene:
            service = scene.simulator.service
            (shown,) = scene.client.explain(case.request, offer=case.name)
            promise(not shown.refusals, f"{case} is refused: {'; '.join(map(str, shown.refusals))}")
            with patch.object(service, "answer", wraps=service.answer) as heard:
                task = await scene.finished(case)
            requests = [call.args[0] for call in heard.call_args_list]
            sent = next(each for each in requests if service.place(each) == "submit")
            # Where a file goes is another promise's business, and a form is not shown part by part.
            is_json = not (shown.files or shown.headers.get("Content-Type") == "multipart/form-data")
            body = dumps(with_secrets(service, shown.json)) if is_json else sent.body
            as_explained = (sent.method, sent.body) == (shown.method, body)
            promise(
                as_explained, f"{case}: explained as {shown.method} {shown.json}, sent as {sent.method} {sent.body}"
            )
            wrong = "; ".join(amiss(account_at(case.adapter, service), case.life.submit, sent, shown))
            promise(not wrong, f"{case}: {wrong}")

            (entry,) = scene.bills
            asked_for, made = pick(case.offer.wire_id, case.request.given), entry["wire_id"]
            promise(asked_for == made == task.wire_id, f"{case}: {asked_for} was asked for, and {made} made")
            for what, money in (("quoted", shown.money), ("in the end said to cost", task.money)):
                differs = f"{case} is {what} {self.counted(money)}, and {entry['charged']} were charged"
                promise(self.billed(money) in (None, entry["charged"]), differs)

            promise(task.state is State.SUCCEEDED, f"{case} ended as {task.state}")
            count, found = _units(case), len(task.works)
            promise(found == count, f"{case}: {count} asked for, and {found} found in {task.raw}")
            promise(from_json(Task, to_json(task)) == task, f"{case}: the task is another one after JSON")
            for asset in await scene.client.download(task, tmp_path):
                _is_what_was_asked_for(asset, case)

    @in_a_loop
    async def test_a_price_that_the_provider_tells_is_what_it_charges(self, told: Case) -> None:
        """Where a provider tells prices, each offer's can be had, and is charged unless it is an estimate.

        Of films that are put in nobody knows the length where it is asked for, so nothing is asked; nor is it for an
        estimate where the page prints a figure.
        """
        asked = questions(check(told.request, told.adapter, told.offer))
        async with at_simulator(told.adapter) as scene:
            errors = await scene.client.refresh_prices(told.request, offer=told.name)
            (quote,) = scene.client.quote(told.request, offer=told.name)
            if told.offer.prices is None and errors:
                return  # unknown on the page, and to the provider's own price list as well
            if not asked:
                promise(quote.money.got != "live", f"{told}: its price was not to be asked for, and was told")
                return
            promise(quote.money.got == "live", f"{told} has no live price: {'; '.join(map(str, errors))}")
            if quote.status == "estimate":
                return
            await scene.finished(told)
            (entry,) = scene.bills
            differs = f"{told}: {self.counted(quote.money)} was told, and {entry['charged']} were charged"
            promise(self.billed(quote.money) == entry["charged"], differs)

    @in_a_loop
    async def test_every_word_for_a_state_is_known(self, first: Case) -> None:
        """What the simulator calls a task while it waits, runs, succeeds and fails, the adapter has a meaning for."""
        look(first)
        stated_end(first.adapter, "failed")
        async with at_simulator(first.adapter) as scene:
            await _watch(scene, first)
            scene.simulator.fault("failed")
            await _watch(scene, first)


async def _watch(scene: Scene, case: Case) -> None:
    """Look at a task all its life, and compare what each look says with what the simulator knows."""
    service, name = scene.simulator.service, case.adapter.name
    task = await scene.submitted(case)
    while not task.state.final:
        scene.clock.seconds += (service.queued + service.running) / LOOKS
        try:
            task = await scene.client.get(task)
        except AnymediaError as error:
            stage = service.tasks[task.id].stage(scene.clock.seconds)
            fail(f"{case}: a look at a task that is {stage} comes to {read_as(error)}{hint(case.life, error)}")
        stage, read = service.tasks[task.id].stage(scene.clock.seconds), last_word(case.life, task)
        word = task.raw_state
        promise(word is None or case.life.meaning(word) is not None, f"{name}: a task is {stage}, and {read}")
        over = stage in ("succeeded", "failed")
        promise(task.state == stage if over else not task.state.final, f"{name}: a task is {stage}, and {read}")


def _units(case: Case) -> int:
    """Return how many works a case asks for: the provider's default where the request leaves it open."""
    count = check(case.request, case.adapter, case.offer).value("count")
    return (count if isinstance(count, int) else case.request.units) * case.offer.makes


def _is_what_was_asked_for(asset: Asset, case: Case) -> None:
    """Hold what is known of a file against what it is, and both against what was asked for."""
    if asset.kind == Kind.IMAGE.medium:
        _is_picture(asset, case)
    if asset.role != "main":
        return
    media_type, wanted = str(asset.media_type), case.request.given.get("output_format")
    right = wanted is None or media_type in MEDIA_TYPES[wanted]
    promise(right, f"{case}: {wanted} was asked for, and {media_type} came")
    promise(media_type.startswith(f"{case.offer.kind.medium}/"), f"{case}: {case.offer.kind} is made as {media_type}")
    ratio = case.request.given.get("aspect_ratio", "auto")
    if ratio != "auto":
        across, down = map(int, ratio.split(":"))
        width, height = asset.width or 1, asset.height or 1
        near = abs(width / height / (across / down) - 1) < SHAPE
        promise(near, f"{case}: {across}:{down} was asked for, and {width}x{height} came")
    seconds = case.request.given.get("duration")
    if isinstance(seconds, int):
        near = asset.seconds is not None and abs(asset.seconds - seconds) <= NEAR
        promise(near, f"{case}: {seconds} s were asked for, and {asset.seconds} s came")


def _is_picture(asset: Asset, case: Case) -> None:
    with Image.open(str(asset.path)) as picture:
        measured = (asset.width, asset.height, asset.media_type)
        real = (*picture.size, Image.MIME[str(picture.format)])
        promise(measured == real, f"{case}: a picture of {real} is taken for one of {measured}")
