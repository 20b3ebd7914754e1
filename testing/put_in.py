"""Files that are put in: they get there whole, once, and by a way that the page has; else nothing is bought."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import cached_property
from typing import Any
from unittest.mock import patch

import attrs
import pytest

from anymedia import AnymediaError, Billed, Outcome
from anymedia.declare import Adapter, File, Files, Offer, pick
from anymedia.declare.files import MEGA
from anymedia.model.media import Media
from anymedia.model.request import Request as Asked
from anymedia.model.slots import Way, slots
from anymedia.simulators import Service, services
from anymedia.simulators.message import Request, Response
from anymedia.translate.check import Checked, check
from anymedia.translate.encode import parts
from anymedia.translate.files import Ways

from .agreed import JUDGE
from .files import LARGEST, Takes, fitting, makes, medium, tried
from .requests import fewest, given, mended, put_in
from .suite import Case, Suite, at_simulator, in_a_loop, promise, read_as, unstated
from .wire import Wire

ANY_WAY = Ways(local=True, lends=True)
"""What check lets pass: the simulator is given what a storage would lend."""

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "500": {"kind": "status", "status": 500, "body": "html"},
    "no": {"kind": "status", "status": 403, "body": "html"},
    "reset": {"kind": "reset_after"},
    "cut off": {"kind": "cut_body"},
}
"""What may go wrong with a call of an upload."""


@attrs.frozen
class Spot:
    """A field of an offer into which files are put, in a variant."""

    adapter: Adapter
    offer: Offer
    variant: str
    field: str
    takes: Takes

    def __str__(self) -> str:
        return f"{self.adapter.name}/{self.offer.name}, {self.field}"

    @property
    def medium(self) -> str:
        """What is put into it."""
        return medium(self.field)

    def asked(self, file: str | Media) -> Asked:
        """Return a request with a file in the field, as often as that needs one. Errors: LookupError where none is."""
        value = (file,) * max(self.takes.least, 1) if isinstance(self.takes, Files) else file
        asked = given(self._usual, self.field, value)
        if asked is None:
            raise LookupError(f"{self}: no request has that beside {self.variant}")
        return asked

    @cached_property
    def _usual(self) -> Asked:
        """A request with what is usual in the field, and with what has to be beside it."""
        least = fewest(self.adapter, self.offer, self.variant)
        asked = given(least, self.field, put_in(self.takes, field=self.field))
        return mended(asked or least, self.adapter, self.offer, self.variant)

    def checked(self, file: str | Media, **options: Any) -> Checked:
        """Return such a request as it is checked."""
        return check(self.asked(file), self.adapter, self.offer, **options)

    def case(self, file: str | Media, way: str) -> Case:
        """Return such a request as a case."""
        return Case(self.adapter, self.offer, self.variant, f"{self.field}-by-{way}", self.asked(file))

    @property
    def ways(self) -> dict[Way, Media]:
        """Every way by which its files go without a storage, each with a file that goes there."""
        upload, found = self.adapter.upload, dict[Way, Media]()
        bounds = [self.takes.inline, *([upload.megabytes] if upload and upload.megabytes else [])]
        most = min(self.takes.megabytes or LARGEST, LARGEST)
        for length in (0, *(int(bound * MEGA) + 1 for bound in bounds if bound < most)):
            media = Media(fitting(self.takes, self.medium, length))
            checked = self.checked(media)
            for slot in [] if checked.problems else slots(parts(checked)[0].body):
                found.setdefault(slot.way, media)
        return found


def spots(adapter: Adapter, offer: Offer) -> list[Spot]:
    """Return the fields of an offer that take a file made here; skip the test where there is none."""
    found = [spot for spot in _declared(adapter, offer) if makes(spot.takes, spot.medium)]
    fit = [each for each in found if not each.checked(Media(fitting(each.takes, each.medium)), ways=ANY_WAY).problems]
    if not fit:
        pytest.skip(f"{adapter.name}/{offer.name} takes no file that is made here")
    return fit


def _declared(adapter: Adapter, offer: Offer) -> Iterator[Spot]:
    for variant in offer.variants:
        for field, param in offer.params.items():
            takes = pick(param.takes, (variant,))
            if isinstance(takes, File | Files):
                spot = Spot(adapter, offer, variant, field, takes)
                with suppress(LookupError):
                    if spot.asked("https://a.example/b").variant == variant:
                        yield spot


def uploading(adapter: Adapter) -> tuple[Spot, Media]:
    """Return a field whose files go by the provider's own upload, with a file; skip the test where there is none."""
    if adapter.upload is None:
        pytest.skip(f"{adapter.name} declares no upload")
    places = {*services()[adapter.name].files_at} - {"submit"}
    promise(
        bool(places),
        f"{adapter.name} declares `upload`, and its simulator takes none: its places are to be named in `files_at`",
    )
    offers = [offer for offer in adapter.offers if "upload" in offer.forms]
    found = [spot for offer in offers for spot in _declared(adapter, offer) if makes(spot.takes, spot.medium)]
    return next((spot, spot.ways[Way.UPLOAD]) for spot in found if Way.UPLOAD in spot.ways)


class PutIn(Suite):
    """Files of this machine, at a simulator that looks at them."""

    def test_of_files_too_check_passes_what_the_simulator_takes(self, adapter: Adapter, offer: Offer) -> None:
        """Types, megabytes and pixels, on both sides of each bound: two readings of one page."""
        wire = Wire.of(adapter)
        # What a field takes of each file is the same in every variant in which it takes that.
        different = {(spot.field, id(spot.takes)): spot for spot in reversed(spots(adapter, offer))}
        for spot in different.values():
            for content in tried(spot.takes, spot.medium):
                media = Media(content)
                checked = spot.checked(media, ways=ANY_WAY)
                sent = spot.checked(media, ways=ANY_WAY, limits=False)
                if not sent.problems:
                    _agree(spot, media, checked, _refusal(wire, sent))

    @in_a_loop
    async def test_a_file_that_is_put_in_arrives_as_it_is(self, adapter: Adapter, offer: Offer) -> None:
        """By each way that its forms have: the simulator gets the very bytes, and the submit names or holds them."""
        found = [(spot, way, media) for spot in spots(adapter, offer) for way, media in spot.ways.items()]
        if not found:
            pytest.skip(f"{adapter.name}/{offer.name} takes files by their URLs alone")
        for spot, way, media in found:
            async with at_simulator(adapter) as scene:
                service = scene.simulator.service
                with patch.object(service, "answer", wraps=service.answer) as heard:
                    await scene.submitted(spot.case(media, way))
                requests = [call.args[0] for call in heard.call_args_list]
                sent = next(each for each in requests if service.place(each) == "submit")
                wrong = _not_there(adapter, service, sent, way, media)
                promise(not wrong, f"{spot}: a file that goes by {way} {wrong}")

    @in_a_loop
    async def test_a_file_is_uploaded_once_as_long_as_it_lasts(self, adapter: Adapter) -> None:
        """The same bytes are found again where they lie, until that expires."""
        spot, media = uploading(adapter)
        async with at_simulator(adapter) as scene:
            service, case = scene.simulator.service, spot.case(media, Way.UPLOAD)
            for times, waits in ((1, 0.0), (1, 0.0), (2, service.upload_life)):
                scene.clock.seconds += waits
                await scene.submitted(case)
                came = sum(each.content == media.read() for each in service.uploads.every())
                when = f"after {waits:g} s, when it has expired" if waits else "at once"
                promise(
                    came == times,
                    f"{adapter.name}: the same file is asked for again {when}, and was uploaded {came} times, not "
                    f"{times}; look at `upload.expires`",
                )

    @pytest.mark.parametrize("fault", FAULTS)
    @in_a_loop
    async def test_an_upload_that_fails_buys_nothing(self, adapter: Adapter, fault: str) -> None:
        """Whichever of its calls it is; the next request tries anew."""
        spot, media = uploading(adapter)
        case = spot.case(media, Way.UPLOAD)
        for place in await _places(case):
            async with at_simulator(adapter) as scene:
                with _spoilt(scene.simulator.service, place, FAULTS[fault]):
                    came = await scene.run(case)
                what = f"{adapter.name}: an upload of which the call to {place!r} fails ({fault})"
                told = isinstance(came, AnymediaError) and (came.outcome, came.billed) == (Outcome.NOT_SENT, Billed.NO)
                promise(told, f"{what} is not sent and not billed, and comes to {read_as(came)}")
                promise(scene.submits == 0, f"{what}, and {scene.submits} submits came all the same")
                await scene.submitted(case)
                promise(len(scene.bills) == 1, f"{what} is tried anew, and {len(scene.bills)} tasks were charged")

    @in_a_loop
    async def test_a_url_of_this_machine_is_taken_at_a_simulator(self, adapter: Adapter, offer: Offer) -> None:
        """Tests need no public addresses; what a simulator fetches it gets whole."""
        found = [spot for spot in spots(adapter, offer) if "url" in spot.takes.forms and not spot.takes.https]
        if not found:
            pytest.skip(f"{adapter.name}/{offer.name} takes no http URL")
        fetched = 0
        for spot in found:
            async with at_simulator(adapter) as scene, _served(fitting(spot.takes, spot.medium)) as (url, asked):
                await scene.submitted(spot.case(url, "url"))
                fetched += len(asked)
        if not fetched:
            unstated(adapter, "files that it fetches")


def _refusal(wire: Wire, checked: Checked) -> str | None:
    """Return in which words a simulator refuses a request, or a file of it; None where it takes both."""
    try:
        response = wire.offered(checked, parts(checked)[0])
    except AnymediaError as error:
        return str(error)
    return None if wire.service.tasks else f"{response.status} {response.body.decode(errors='replace')[:300]}"


def _agree(spot: Spot, media: Media, checked: Checked, refused: str | None) -> None:
    size = f" of {media.format.width}x{media.format.height}" if media.format else ""
    what = f"{media.media_type}{size} with {media.size} bytes"
    promise(
        refused is None or bool(checked.problems),
        f"{spot}: check passes a file that the simulator refuses: {what}; the simulator says {refused}; {JUDGE}",
    )
    promise(
        refused is not None or not checked.problems,
        f"{spot}: check refuses a file that the simulator takes: {what}; check says "
        f"{'; '.join(map(str, checked.problems))}; {JUDGE}",
    )


def _not_there(adapter: Adapter, service: Service, sent: Request, way: Way, media: Media) -> str:
    """Return what is wrong with how a file came, in words that follow its way; nothing where it came as it is."""
    whole = media.read()
    if way is Way.UPLOAD:
        named = [each for each in service.uploads.every() if each.content == whole]
        if not named:
            return "is not among the uploads of the simulator"
        is_reference = adapter.upload is not None and adapter.upload.reference
        name = named[-1].id if is_reference else named[-1].path
        return "" if name.encode() in sent.body else f"lies at {name}, which no submit names"
    form = {Way.DATA: media.data_uri().encode(), Way.BASE64: b64encode(whole), Way.PART: whole}[way]
    return "" if form in sent.body else "is not in the submit"


async def _places(case: Case) -> list[str]:
    """Return the places of a simulator that an upload calls, in order."""
    async with at_simulator(case.adapter) as scene:
        service = scene.simulator.service
        with patch.object(service, "answer", wraps=service.answer) as heard:
            await scene.submitted(case)
        called = dict.fromkeys(service.place(each.args[0]) for each in heard.call_args_list)
        return [place for place in called if place in service.files_at and place != "submit"]


def _spoilt(service: Service, place: str, fault: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Let a fault happen at each call to one place of an upload."""
    answer = service.answer

    def spoilt(request: Request) -> Response:
        if service.place(request) == place:
            service.add_fault({**fault, "on": "upload"})
        return answer(request)

    return patch.object(service, "answer", spoilt)


@asynccontextmanager
async def _served(content: bytes) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve a file at this machine until the block ends; yield its URL, and a list of who asked for it."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.append(str(writer.get_extra_info("peername")))
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/picture", asked
