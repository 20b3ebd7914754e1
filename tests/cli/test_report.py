"""`anymedia report`: one page that needs nothing else, in which no text from outside is more than text."""

import asyncio
import base64
import hashlib
import os
import random
import re
import stat
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from anymedia import Asset, Attempt, Failure, Kind, Money, Order, Outcome, PriceStatus, Refund, State
from anymedia.cli.report import page as pages
from anymedia.cli.report.bars import MOST, bars, span_of
from anymedia.cli.report.chart import chart
from anymedia.cli.report.data import Day, data_of, row
from anymedia.cli.report.markup import el, escaped, file_link
from anymedia.cli.report.pictures import BYTES, shown, thumbnail
from anymedia.cli.text import printable
from anymedia.journal import Ledger, MemoryJournal
from anymedia.journal.report import Group, Wanted, report
from tests.journal.reading import run, with_ledger, written

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PRICE = Money(usd=Decimal("0.05"), status=PriceStatus.EXACT, got="table")
VOID = {"br", "img", "meta"}


class Page(HTMLParser):
    """A page that is read strictly: each element ends where it should, and nothing is fetched or run."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.ids, self.words, self.style, self.policy = [], [], [], [], "", ""
        self.feed(text)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))
        digest = base64.b64encode(hashlib.sha256(self.style.encode()).digest()).decode()
        assert self.policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
        assert re.findall(r"url\(|@import|</", self.style) == []
        named = [each for _, values in self.elements for each in values.get("aria-labelledby", "").split()]
        links = [values["href"] for name, values in self.elements if name == "a"]
        assert {*named, *(link[1:] for link in links if link.startswith("#"))} <= {*self.ids}
        assert [link for link in links if not link.startswith(("#", "file:///"))] == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert len(values) == len(attributes)
        self.elements.append((tag, values))
        self.ids += [values["id"]] if "id" in values else []
        assert tag not in ("script", "link", "iframe", "object", "embed", "form", "base", "video", "audio")
        assert not [name for name in values if name.startswith("on") or name in ("style", "srcset", "action")]
        assert values.get("src", "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
        assert values.get("fill", "url(#doubt)") == "url(#doubt)"
        assert tag != "img" or values["alt"].strip()
        assert tag != "th" or values["scope"] in ("col", "row", "rowgroup")
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        raise AssertionError(f"{tag} ends where it begins")

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def shape(self):
        return [(name, [*values]) for name, values in self.elements]


def attempt(number, said="a fox in the snow", **facts):
    """Return an attempt all of whose texts are the same words."""
    order = Order(
        provider="acme",
        account=said,
        offer=f"acme/{said}",
        model=said,
        path="/v1/images",
        body={"prompt": said},
        money=PRICE,
        labels={said: said},
    )
    return Attempt(id=f"{number:032x}", order=order, started_at=NOW - timedelta(hours=number), **facts)


def attempts_of(said, folder):
    """Return an attempt of each kind, whose words are these."""
    bare = [attempt(number, said) for number in range(4)]
    failed = bare[1].draft("one")
    failure = Failure(cause="failed", code=said, message=said, refund=Refund.NO)
    kept = bare[2].draft("two")
    asset = Asset(kind="image", title=said, url="https://x.example/1", path=folder / f"{said[:40]}.png")
    works = (asset, attrs.evolve(asset, path=None, stored=f"s3://bucket/{said}"), attrs.evolve(asset, path=None))
    return [
        attrs.evolve(bare[0], outcome=Outcome.UNCERTAIN, error=said, answer={"it": [said]}),
        attrs.evolve(bare[1], outcome=Outcome.ACCEPTED, task=attrs.evolve(failed, state=State.FAILED, failure=failure)),
        attrs.evolve(
            bare[2], outcome=Outcome.ACCEPTED, task=attrs.evolve(kept, state=State.SUCCEEDED, assets=works, money=PRICE)
        ),
        attrs.evolve(bare[3], outcome=Outcome.REFUSED, error=said),
    ]


def data(attempts, *, prompts=True):
    async def found():
        ledger = await written(Ledger(MemoryJournal()), attempts, bodies=True)
        return await report(ledger.journal, Wanted())

    return data_of(asyncio.run(found()), NOW, prompts=prompts)


def page(attempts, title=None, *, prompts=True):
    figures = data(attempts, prompts=prompts)
    return pages.page(figures, shown(figures.results), title)


PLAIN = "words"
AWKWARD = (
    "</td></tr></table><script>alert(1)</script>",
    "javascript:alert(1)",
    '" onload="alert(1)" x="',
    "' onerror='alert(1)",
    "<!-- ]]> --><style>*{display:none}</style>",
    "&lt;b&gt; &amp; &#x22; &quot",
    "\u202egnp.exe \u2066 \x00 \x1b[2J \ufffe \ud800 \U0001fffe",
    "</title></style><base href=//evil.example>",
    "`anymedia trust`",
    "مقهى صغير 一座灯塔 🦊",
    "a b\r\nc\td",
)
PIECES = [*"<>\"'&`/=-!;:x \n\\", "&#", "</", "-->", "]]>", "\x0c", "\ud834"]
TEXTS = st.one_of(
    st.sampled_from(AWKWARD),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join),
    st.text(min_size=1, max_size=60),
).filter(lambda text: any(letter.isalnum() for letter in text))


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_no_text_from_outside_is_more_than_text(said):
    folder = Path("/nowhere")
    harmless, found = (Page(page(attempts_of(words, folder), words)) for words in (PLAIN, said))
    assert found.shape == harmless.shape


@pytest.mark.parametrize("said", AWKWARD)
def test_what_was_said_is_shown_as_it_was_said(said, tmp_path):
    letters = "".join(letter for letter in printable(said) if letter.isalnum())[:20]
    shown = (Page(page(attempts_of(words, tmp_path), title)) for words, title in ((said, PLAIN), (PLAIN, said)))
    of_attempts, of_title = ("".join(letter for letter in read.text if letter.isalnum()) for read in shown)
    assert of_attempts.count(letters) > 5
    assert letters in of_title


@given(st.text(max_size=200))
def test_an_escaped_text_is_read_back_as_what_can_be_printed_of_it(text):
    read = HTMLParserOf(f'<p title="{escaped(text)}">{escaped(text)}</p>')
    assert read.title == read.data
    assert "<" not in escaped(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe]", read.data)


class HTMLParserOf(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.title, self.data = None, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.title = dict(attributes)["title"]

    def handle_data(self, data):
        self.data += data


def test_no_link_leads_anywhere_but_to_a_file_of_this_machine():
    assert file_link(Path("javascript:alert(1)"), "x") == "<span>x</span>"
    assert file_link(Path('/a b/"><script>'), "x") == '<a href="file:///a%20b/%22%3E%3Cscript%3E">x</a>'
    assert el("td", "<b>", colspan=2, hidden=True, class_=None) == '<td colspan="2" hidden>&lt;b&gt;</td>'


def test_the_page_says_what_is_uncertain_first_then_the_figures(tmp_path):
    read = Page(page(attempts_of(PLAIN, tmp_path)))
    headings = [name for name, values in read.elements if name == "section"]
    assert len(headings) == 9
    assert [values["id"] for name, values in read.elements if name == "section"] == [
        *("uncertain", "summary", "days", "accounts", "models", "labels", "failures", "results", "prices")
    ]
    for words in (
        "may have cost $0.05",
        "anymedia tasks settle 00000000 with one of the flags above",
        "--not-billed where the provider has never heard of it",
        "1 succeeded, 1 failed, 1 refused and 1 uncertain",
        "words=words",
        "The work failed , ~$0.05 not given back 1",
        "words: words",
        "its file is not there any more",
        "s3://bucket/words",
        "anymedia resume looks for it",
    ):
        assert words in read.text, words


def test_of_an_empty_journal_there_is_a_page_too():
    read = Page(page([]))
    assert "Nothing is uncertain here" in read.text
    assert "Nothing was asked." in read.text


def renamed(one, body):
    """Return an attempt whose prompt alone is what it was, in the provider's words too."""
    names = {"account": "acme", "model": "paint", "offer": "acme/paint", "labels": {}}
    task = None if one.task is None else attrs.evolve(one.task, **names)
    return attrs.evolve(one, order=attrs.evolve(one.order, body=body, **names), task=task)


@pytest.mark.parametrize(("body", "told"), [({"prompt": "a very secret lighthouse"}, "[prompt]"), (None, "no reason")])
def test_without_prompts_none_is_on_the_page_nor_in_what_the_provider_said(tmp_path, body, told):
    asked = [renamed(each, body) for each in attempts_of("a very secret lighthouse", tmp_path)]
    whole, kept = page(asked), page(asked, prompts=False)
    assert whole.count("a very secret lighthouse") > 5
    assert "secret" not in kept
    assert "lighthouse" not in kept
    assert told in kept
    assert "Prompts are left out." in kept


def test_long_lists_are_cut_and_say_so():
    one = attempt(0)
    doubts = [attrs.evolve(attempt(number), outcome=Outcome.UNCERTAIN, error="reset") for number in range(110)]
    refused = [
        attrs.evolve(one, outcome=Outcome.REFUSED, error=f"no {chr(97 + number // 26)}{chr(97 + number % 26)}")
        for number in range(120)
    ]
    labelled = [
        attrs.evolve(each, order=attrs.evolve(each.order, labels={"n": str(number)}))
        for number, each in enumerate(refused)
    ]
    read = Page(page([*doubts, *labelled]))
    rows = [name for name, _ in read.elements].count("tr")
    assert rows < 400
    for words in (
        "10 older ones are not shown: anymedia tasks --state uncertain lists them.",
        "More uncertain attempts",
        "other reasons 108",
        "21 cheaper labels are not shown.",
    ):
        assert words in read.text, words
    assert [name for name, _ in read.elements].count("article") == 12


def test_what_was_given_back_and_what_was_billed_otherwise_is_told():
    bare = attempt(0)
    draft = bare.draft("task")
    billed = attrs.evolve(PRICE, usd=Decimal("0.07"), got="settled")
    ends = [
        attrs.evolve(draft, state=State.SUCCEEDED, money=billed),
        attrs.evolve(draft, state=State.SUCCEEDED, money=attrs.evolve(billed, usd=Decimal("0.05"))),
        attrs.evolve(
            draft,
            state=State.FAILED,
            failure=Failure(cause="failed", refund=Refund.YES),
            money=attrs.evolve(billed, usd=Decimal(0)),
        ),
    ]
    made = data([attrs.evolve(bare, outcome=Outcome.ACCEPTED, task=task) for task in ends])
    assert (made.total.given_back, made.total.spent.usd) == (Decimal("0.05"), Decimal("0.12"))
    (price,) = made.prices
    assert (price.paid, price.each.usd, price.difference) == (2, Decimal("0.06"), Decimal("0.02"))
    assert "+$0.02" in Page(pages.page(made, ())).text


# Pictures


def picture(path, size, mode="RGB", **options):
    image = Image.frombytes("RGB", size, random.Random(0).randbytes(size[0] * size[1] * 3)).convert(mode)
    image.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "size", "mode"), [("a.png", (64, 48), "RGBA"), ("a.jpg", (1600, 900), "RGB"), ("a.gif", (9, 900), "P")]
)
def test_a_thumbnail_is_small_enough(tmp_path, name, size, mode):
    uri = thumbnail(picture(tmp_path / name, size, mode))
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) <= BYTES


def test_what_is_no_picture_has_no_thumbnail(tmp_path):
    (tmp_path / "text.png").write_text("<svg onload='alert(1)'/>")
    (tmp_path / "cut.png").write_bytes(picture(tmp_path / "whole.png", (400, 400)).read_bytes()[:2000])
    (tmp_path / "a.tiff").write_bytes(picture(tmp_path / "b.tiff", (10, 10)).read_bytes())
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    bomb = bytearray((tmp_path / "whole.png").read_bytes())
    bomb[16:24] = (30_000).to_bytes(4) * 2
    (tmp_path / "bomb.png").write_bytes(bomb)
    names = ("text.png", "cut.png", "a.tiff", "folder.png", "pipe.png", "bomb.png", "none.png")
    assert [name for name in names if thumbnail(tmp_path / name) is not None] == []


def test_a_cover_stands_for_a_clip(tmp_path):
    clip, cover = tmp_path / "1.mp4", picture(tmp_path / "1.png", (80, 60))
    clip.write_bytes(b"\0" * 10)
    one = attempt(1)
    assets = (
        Asset(kind="video", path=clip, seconds=5.0, length=10),
        Asset(kind="image", role="cover", path=cover),
    )
    task = attrs.evolve(one.draft("t"), kind=Kind.VIDEO, state=State.SUCCEEDED, assets=assets)
    bought = attrs.evolve(one, outcome=Outcome.ACCEPTED, task=task, order=attrs.evolve(one.order, kind=Kind.VIDEO))
    (work,) = shown([bought])
    assert (work.there, work.thumbnail is None) == (True, False)
    clip.unlink()
    (work,) = shown([bought])
    assert (work.there, work.thumbnail) == (False, None)


# The chart


def days(*numbers, usd="0.1"):
    def one(day):
        group = row("acme", [Group(name=(day, "acme"), ends={"succeeded": 1}, sums=())])
        spent = attrs.evolve(group.spent, usd=Decimal(usd))
        each = attrs.evolve(group, spent=spent)
        return Day(day=day, total=each, accounts=[each])

    return [one(number) for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "span", "number", "first", "last"),
    [
        ((20_000,), "day", 1, "2024-10-04", "2024-10-04"),
        ((20_000, 20_006), "day", 7, "2024-10-04", "2024-10-10"),
        ((20_000, 20_061), "day", 62, "2024-10-04", "2024-12-04"),
        ((20_000, 20_062), "week", 10, "week of 2024-09-30", "week of 2024-12-02"),
        ((20_000, 20_800), "month", 27, "2024-10", "2026-12"),
        ((0, 20_000), "year", 55, "1970", "2024"),
        ((0, 2_000_000), "year", MOST, "7384", "7445"),
    ],
)
def test_there_is_a_bar_for_each_day_or_for_a_longer_time(numbers, span, number, first, last):
    drawn = bars(days(*numbers))
    assert span_of(days(*numbers)).name == span
    assert (len(drawn), drawn[0].name, drawn[-1].name) == (number, first, last)
    picture_ = str(chart(days(*numbers), [days(0)[0].total]))
    assert ("before them it was $0.1" in picture_) == (number == MOST and span == "year")


@pytest.mark.parametrize("usd", ["0.000000001", "0.3", "1", "2", "999.999", "5000000"])
def test_the_lines_behind_the_bars_are_round_and_reach_above_them(usd):
    drawn = str(chart(days(1, 2, usd=usd), [days(0)[0].total]))
    amounts = [Decimal(each) for each in re.findall(r">\$([0-9.]+)</text>", drawn)]
    assert amounts[0] == 0
    assert amounts[-2] < Decimal(usd) <= amounts[-1]
    assert 2 <= len(amounts) <= 6
    assert chart(days(1, usd="0"), [days(0)[0].total]) == ""


# The command


@pytest.fixture
def kept(terminal):
    """A journal in which there is an attempt of each kind; the newest was begun 24 hours ago."""
    path = Path(os.environ["HOME"], ".local", "state", "anymedia", "journal.db")
    made = attempts_of(PLAIN, terminal.folder)
    run(with_ledger(path, lambda ledger: written(ledger, made)))
    return terminal


def test_the_page_is_written_whole_and_only_over_a_report(kept):
    told = kept("report", "--html", "r.html", "--title", "The <autumn>")
    assert (told.exit_code, told.stdout) == (0, "")
    assert "r.html has the report: 4 attempts" in told.stderr
    first = Path("r.html").read_text()
    assert "The <autumn>" in Page(first).text
    assert stat.S_IMODE(Path("r.html").stat().st_mode) == 0o600
    Path("r.html").chmod(0o644)
    Path("link.html").symlink_to("r.html")
    assert kept("report", "--html", "link.html").exit_code == 0
    assert Path("link.html").is_symlink()
    assert Path("r.html").read_text() != first
    assert stat.S_IMODE(Path("r.html").stat().st_mode) == 0o644
    assert kept("report", "--html", "-").stdout == Path("r.html").read_text()


def test_a_file_that_is_no_report_is_written_over_with_force_alone(kept):
    Path("thesis.html").write_text("<!DOCTYPE html>" + "x" * 5000 + pages.MARK)
    refused = kept("report", "--html", "thesis.html")
    assert refused.exit_code == 2
    assert "thesis.html is there and is no report; --force writes over it" in refused.stderr
    assert kept("report", "--html", "thesis.html", "--force").exit_code == 0
    Page(Path("thesis.html").read_text())
    os.mkfifo("pipe")
    for name in (".", "pipe", "/dev/null"):
        for flags in ((), ("--force",)):
            told = kept("report", "--html", name, *flags)
            assert (told.exit_code, "is there and is no file" in told.stderr) == (2, True)
    told = kept("report", "--html", "none/r.html")
    assert (told.exit_code, "/none cannot be written to: there is no such folder\n" in told.stderr) == (3, True)


def test_what_cannot_be_written_leaves_what_was_there(kept, monkeypatch):
    assert kept("report", "--html", "r.html").exit_code == 0
    before = Path("r.html").read_text()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("anymedia.cli.report.written.os.fsync", full)
    told = kept("report", "--html", "r.html", "--title", "another")
    assert (told.exit_code, "No space left on device" in told.stderr) == (1, True)
    assert Path("r.html").read_text() == before
    assert [file.name for file in Path().iterdir() if file.suffix == ".tmp"] == []


@pytest.mark.parametrize(
    ("flags", "number"),
    [
        ((), 4),
        (("--account", PLAIN), 4),
        (("--account", "none"), 0),
        (("--label", f"{PLAIN}={PLAIN}"), 4),
        (("--label", f"{PLAIN}={PLAIN}", "--label", "a=b"), 0),
        (("--since", "90m"), 2),
        (("--since", "2026-12-02"), 0),
    ],
)
def test_the_figures_are_there_as_json(kept, flags, number):
    found = kept.json("report", *flags)
    assert found["total"]["attempts"] == number
    assert sum(day["attempts"] for day in found["days"]) == number
    assert found["uncertain_elsewhere"] == (0 if number else 1)
    shown_ = kept("report", *flags)
    assert shown_.exit_code == 0
    assert ("no attempts match" in shown_.stderr) == (not number)
    assert ("1 more uncertain attempt is outside" in shown_.stdout) == (not number)


def test_the_json_has_all_that_the_page_shows(kept):
    found = kept.json("report", "--html", "r.html")
    Page(Path("r.html").read_text())
    total = {
        "attempts": 4,
        "ends": {"uncertain": 1, "failed": 1, "succeeded": 1, "refused": 1},
        "accepted": 2,
        "refunded": 0,
        "refunded_usd": "0",
        "usd": "0.1",
        "settled_usd": "0",
        "uncertain": 1,
        "uncertain_usd": "0.05",
        "unknown": 0,
        "success_rate": 0.3333,
    }
    assert found["total"] == total
    assert found["accounts"] == found["models"] == {PLAIN: total}
    assert found["labels"] == {f"{PLAIN}={PLAIN}": total}
    assert [(each["cause"], each["reasons"][0]["reason"]) for each in found["failures"]] == [
        ("failed", f"{PLAIN}: {PLAIN}"),
        ("refused", PLAIN),
    ]
    assert [each["status"] for each in (*found["uncertain"], *found["results"])] == ["uncertain", "succeeded"]
    assert found["prices"] == [
        {
            "model": PLAIN,
            "offer": f"acme/{PLAIN}",
            "tasks": 2,
            "mean_usd": "0.05",
            "bills": 0,
            "differing": 0,
            "quoted_usd": None,
            "settled_usd": None,
        }
    ]


def test_what_does_not_go_together_is_refused(kept):
    for flags in (("--title", "x"), ("--force",)):
        assert "is for a page" in kept("report", *flags).stderr
    assert kept.json("report", "--html", "-", code=2)["error"]["type"] == "UsageError"


def test_on_a_terminal_it_fits_in_eighty_columns(kept, screen):
    lines = screen(80, "report")
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert text.index("uncertain") < text.index("summary") < text.index("what failed")
    assert "4: 1 succeeded, 1 failed, 1 refused and 1 uncertain" in text


def test_nothing_was_asked_yet(terminal):
    told = terminal("report")
    assert (told.exit_code, told.stdout) == (0, "")
    assert "nothing was asked yet" in told.stderr
    assert terminal("report", "--html", "r.html").exit_code == 0
    Page(Path("r.html").read_text())


def test_until_when_a_replay_is_safe_is_told():
    doubt = attrs.evolve(attempt(0), replay_key="k", outcome=Outcome.UNCERTAIN)
    ends = (NOW + timedelta(seconds=90), NOW - timedelta(seconds=1), None)
    read = Page(page([attrs.evolve(doubt, replay_until=until) for until in ends]))
    assert read.text.count("until 2026-12-01 00:01 UTC : anymedia resume --replay does, and it is bought once") == 1
    assert read.text.count("would take it for a new task, and bill it again") == 2
