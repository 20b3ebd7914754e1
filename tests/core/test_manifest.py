"""The manifest of a batch: each row as it ended, readable after a kill, whole at the end, and over nothing else."""

import csv
import json
import logging
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from anymedia import (
    Asset,
    Attempt,
    BatchEnd,
    Billed,
    Blocked,
    ConfigError,
    ImageRequest,
    Manifest,
    Money,
    NoRoute,
    Order,
    Outcome,
    PriceStatus,
    RawRequest,
    Result,
    Row,
    RowEnd,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    Unavailable,
)
from anymedia.manifest import row_json

NOW = datetime(2026, 11, 29, tzinfo=UTC)
PRICE = Money(usd=Decimal("0.050"), status=PriceStatus.EXACT)
ORDER = Order(provider="acme", account="mine", offer="acme/fox-1", model="fox-1", path="/x", money=PRICE)
TASK = Task(
    id="t-1", provider="acme", account="mine", offer="acme/fox-1", model="fox-1", path="/x", money=PRICE,
    state=State.SUCCEEDED, submitted_at=NOW,
)  # fmt: skip
ATTEMPT = Attempt(id="a-1", order=ORDER, started_at=NOW, outcome=Outcome.ACCEPTED, task=TASK)
OPEN = attrs.evolve(ATTEMPT, id="a-2", outcome=Outcome.UNCERTAIN, task=None)
ROW = Row(request=ImageRequest(model="fox-1", prompt="a secret fox", labels={"sku": "9"}), line=2)


def end(number=1, state="done", **changes):
    return RowEnd(number=number, row=ROW, key=f"k-{number}", state=state, **changes)


def made(number=1, *, path="out/1.png", **changes):
    """Return the end of a row of which one picture was made and saved."""
    asset = Asset(kind="image", path=Path(path), sha256="5e", media_type="image/png", length=7)
    task = attrs.evolve(TASK, assets=(asset, Asset(kind="image")))
    result = Result(tasks=(task,), money=PRICE, attempts=(attrs.evolve(ATTEMPT, task=task),))
    return end(number, result=result, seconds=1.23456, **changes)


def failed(number=1, error=None, attempts=(), state="failed"):
    error = error or Unavailable("it is down")
    error.attempts = tuple(attempts)
    return end(number, state, error=error)


def over(rows=0):
    return BatchEnd(name="shots", rows=rows, why="done")


def told(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "shots.jsonl"


# A row


def test_what_was_made_is_told_with_who_made_it_what_it_cost_and_where_it_is():
    assert row_json(made(bought_before=True)) == {
        "row": 1,
        "line": 2,
        "key": "k-1",
        "state": "done",
        "bought_before": True,
        "served_by": [{"account": "mine", "offer": "acme/fox-1", "model": "fox-1"}],
        "task_ids": ["t-1"],
        "money": {"billed": "0.05", "possibly": "0", "unknown": 0, "status": "exact"},
        "seconds": 1.235,
        "files": [{"file": str(Path("out/1.png").absolute()), "sha256": "5e", "media_type": "image/png", "bytes": 7}],
        "labels": {"sku": "9"},
        "error": None,
        "what_to_do": None,
    }
    stored = attrs.evolve(TASK, assets=(Asset(kind="image", stored="s3://b/1.png", sha256="5e"),))
    told = row_json(end(result=Result(tasks=(stored,), money=PRICE)))
    assert told["files"] == [{"file": "s3://b/1.png", "sha256": "5e", "media_type": None, "bytes": None}]
    assert told["money"] == {"billed": "0", "possibly": "0", "unknown": 0, "status": None}


def test_the_prompt_is_told_where_it_may_be_and_else_what_repeats_it_is_not():
    blocked = failed(error=Blocked("it was blocked: a secret fox", billed=Billed.NO))
    assert "prompt" not in row_json(blocked)
    assert "secret" not in str(row_json(blocked))
    assert row_json(blocked, prompts=True)["prompt"] == "a secret fox"
    assert row_json(blocked, prompts=True)["error"]["message"] == "it was blocked: a secret fox"
    raw = RowEnd(number=1, row=Row(request=RawRequest("acme", "/x", {"prompt": "a secret"})), key="k", state="failed")
    assert row_json(raw, prompts=True) | {"prompt": None, "labels": {}} == row_json(raw) | {"prompt": None}


GOING = attrs.evolve(ATTEMPT, task=attrs.evolve(TASK, state=State.RUNNING))
LOST = attrs.evolve(ATTEMPT, task=attrs.evolve(TASK, id="t-2", state=State.FAILED))
REFUSED = attrs.evolve(ATTEMPT, task=None, outcome=Outcome.REFUSED)
DEAR = attrs.evolve(OPEN, order=attrs.evolve(ORDER, money=Money.unknown("nobody knows")))
FOUND = attrs.evolve(OPEN, settled=Billed.YES)


@pytest.mark.parametrize(
    ("attempts", "billed", "possibly", "unknown", "status"),
    [
        ([], "0", "0", 0, None),
        ([REFUSED], "0", "0", 0, None),
        ([LOST, OPEN], "0.05", "0.05", 0, "exact"),
        ([GOING], "0", "0.05", 0, "exact"),
        ([FOUND], "0.05", "0", 0, "exact"),
        ([LOST, DEAR], "0.05", "0", 1, "unknown"),
    ],
)
def test_money_is_what_was_billed_and_what_may_have_been(attempts, billed, possibly, unknown, status):
    money = row_json(failed(attempts=attempts))["money"]
    assert money == {"billed": billed, "possibly": possibly, "unknown": unknown, "status": status}


def test_where_nothing_was_made_it_is_told_which_tasks_were_bought():
    error = TaskFailed("it failed", task=TASK)
    assert row_json(failed(error=error, attempts=[REFUSED, LOST]))["task_ids"] == ["t-2", "t-1"]
    assert row_json(end(state="not begun"))["task_ids"] == []


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (end(state="not begun"), "start the batch again: nothing was sent for it"),
        (failed(state="unfinished", attempts=[GOING]), "start the batch again: what is paid is waited for and fetched"),
        (failed(state="uncertain", error=SubmitUncertain("?"), attempts=[LOST, OPEN]), "anymedia tasks settle a-2 "),
        (failed(state="uncertain", error=SubmitUncertain("?")), "look for it in the provider's own list of tasks"),
        (failed(error=TaskFailed("no", billed=Billed.YES)), "to buy it anew, give the row another idempotency_key"),
        (failed(error=Blocked("no", billed=Billed.NO)), "change the row, and start the batch again"),
        (failed(error=NoRoute("no", billed=Billed.NO)), "start the batch again: it was not billed, and is tried again"),
        (end(state="failed"), "give the row another idempotency_key"),
    ],
)
def test_what_to_do_is_told_of_what_is_not_done(ended, says):
    assert says in row_json(ended)["what_to_do"]


# The files


def test_rows_stand_in_their_order_in_a_manifest_and_a_summary(path):
    manifest = Manifest(path, "shots")
    assert not path.parent.exists()
    manifest.add(made(3))
    manifest.add(failed(1, NoRoute("no, really", billed=Billed.NO)))
    manifest.add(made(1, path="/out/1.png"))  # it is told again
    assert [row["row"] for row in told(Path(f"{path}.part"))] == [3, 1, 1]
    assert not path.exists()
    manifest.close(over(3))
    assert [(row["batch"], row["row"], row["state"]) for row in told(path)] == [
        ("shots", 1, "done"), ("shots", 2, "not begun"), ("shots", 3, "done"),
    ]  # fmt: skip
    assert sorted(each.name for each in path.parent.iterdir()) == ["shots.csv", "shots.jsonl"]
    first, second, _ = table(manifest.summary)
    assert first == {
        "batch": "shots", "row": "1", "line": "2", "state": "done", "bought_before": "False", "account": "mine",
        "offer": "acme/fox-1", "model": "fox-1", "task_ids": "t-1", "billed_usd": "0.05", "possibly_usd": "0",
        "price_status": "exact", "seconds": "1.235", "files": "/out/1.png", "sha256": "5e", "error": "",
        "what_to_do": "", "key": "k-1", "label.sku": "9",
    }  # fmt: skip
    assert (second["state"], second["label.sku"], second["billed_usd"]) == ("not begun", "", "")


def test_an_earlier_manifest_of_the_batch_is_replaced_when_the_new_one_is_whole(path):
    for run in ("/first", "/second"):
        manifest = Manifest(path, "shots")
        manifest.add(made(path=run))
        assert [row["files"][0]["file"] for row in told(path)] == ["/first"] if run == "/second" else not path.exists()
        manifest.close(over())
        assert told(path)[0]["files"][0]["file"] == table(manifest.summary)[0]["files"] == run


def test_a_batch_without_rows_has_an_empty_manifest(path):
    Manifest(path, "shots").close(over())
    assert (path.read_bytes(), len(manifest_lines(path.with_suffix(".csv")))) == (b"", 1)
    Manifest(path, "other").close(over(1))  # what is empty is of any batch


def manifest_lines(path):
    return path.read_text().splitlines()


@pytest.mark.parametrize("other", ["shots.jsonl", "shots.csv", "shots.jsonl.part"])
@pytest.mark.parametrize(
    "held",
    [b"model,prompt\nfox-1,a\n", b'{"batch":"other","row":1}\n', b'{"batch":"shots"}\n', b"\xff\0\n", b'"\n', None],
)
def test_another_file_is_left_as_it_is(path, other, held):
    taken = path.parent / other
    path.parent.mkdir()
    if held is None:
        taken.mkdir()
    else:
        taken.write_bytes(held)
    if other.endswith(".part") and held is not None and b"other" not in held:  # torn by a power cut
        Manifest(path, "shots")
        return
    with pytest.raises(ConfigError, match=rf"{other} is no (manifest|summary) of the batch 'shots', and is not overw"):
        Manifest(path, "shots")
    assert held is None or taken.read_bytes() == held


def test_a_summary_of_another_batch_is_left_as_it_is(path):
    manifest = Manifest(path, "other")
    manifest.add(made())
    manifest.close(over())
    path.unlink()
    with pytest.raises(ConfigError, match=r"shots\.csv is no summary of the batch 'shots'"):
        Manifest(path, "shots")
    Manifest(path, "other")


def test_a_path_that_cannot_be_a_manifest_is_refused_before_anything_is_bought(tmp_path):
    with pytest.raises(ConfigError, match=r"shots\.csv: the summary has this name"):
        Manifest(tmp_path / "shots.csv", "shots")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"shots\.jsonl cannot be written to: .*file is no folder"):
        Manifest(tmp_path / "file" / "shots.jsonl", "shots")


def test_what_spreadsheets_would_execute_is_harmless_in_the_summary(path):
    manifest = Manifest(path, "=shots")
    bad = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\n=1")
    labels = {f"\n{number}": text for number, text in enumerate(bad)}
    row = attrs.evolve(ROW, request=attrs.evolve(ROW.request, labels=labels))
    manifest.add(attrs.evolve(made(error=NoRoute("no")), row=row))
    manifest.close(over())
    (found,) = table(manifest.summary)
    assert [found[f"label.{number}"] for number in range(len(bad))] == [f"'{text}" for text in bad]
    assert told(path)[0]["labels"]["\n0"] == "=1+1"
    Manifest(path, "=shots")  # which is known by its first row all the same


def test_labels_beyond_fifty_have_no_column_and_what_is_no_text_is_written_as_its_escape(path):
    manifest = Manifest(path, "shots")
    labels = {f"l{n}": str(n) for n in range(60)}
    manifest.add(attrs.evolve(made(), row=attrs.evolve(ROW, request=attrs.evolve(ROW.request, labels=labels))))
    manifest.add(failed(2, NoRoute("odd \ud800 \x1b, über", billed=Billed.NO)))
    manifest.close(over())
    assert told(path)[1]["error"]["message"] == "odd \ud800 \x1b, über"
    assert len(table(manifest.summary)[0]) == 18 + 50
    assert "über" in path.read_text("utf-8")


# A disk that fails


class Disk:
    """A disk that takes so many bytes more, and then no more."""

    def __init__(self, file, room):
        self.file = file
        self.room = room

    def write(self, data):
        if self.room == 0:
            raise OSError(28, "No space left on device")
        number = min(self.room, len(data), 100)
        self.room -= number
        return self.file.write(data[:number])

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk_ends_no_run_and_what_it_did_not_take_is_written_later(path, caplog):
    caplog.set_level(logging.WARNING)
    manifest = Manifest(path, "shots")
    manifest.add(made(1))
    whole = Path(f"{path}.part").read_bytes()
    manifest._file = disk = Disk(manifest._file, 250)
    manifest.add(made(2))
    manifest.add(made(3))
    assert Path(f"{path}.part").read_bytes() == whole  # and no half of a row
    (said,) = caplog.messages
    assert said.endswith("shots.jsonl cannot be written, and is tried again: [Errno 28] No space left on device")
    disk.room = 100_000
    manifest.add(made(4))
    assert sorted(row["row"] for row in told(Path(f"{path}.part"))) == [1, 2, 3, 4]
    manifest.close(over(4))
    assert [row["state"] for row in told(path)] == ["done"] * 4


def test_what_the_disk_never_takes_is_said_at_the_end_and_can_be_tried_again(path, monkeypatch):
    manifest = Manifest(path, "shots")
    manifest.add(made(1))
    manifest._file = Disk(manifest._file, 0)
    manifest.add(made(2))
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            manifest.close(over(2))
    assert [each.name for each in path.parent.iterdir()] == ["shots.jsonl.part"]  # and nothing half
    manifest.close(over(2))
    assert [row["row"] for row in told(path)] == [1, 2]


def test_a_folder_that_is_gone_is_told_at_the_end(path, monkeypatch):
    manifest = Manifest(path, "shots")
    monkeypatch.setattr("pathlib.Path.open", lambda *_, **__: (_ for _ in ()).throw(OSError(13, "Permission denied")))
    manifest.add(made(1))
    monkeypatch.undo()
    manifest.close(over(1))
    assert [row["row"] for row in told(path)] == [1]
    assert sorted(each.name for each in path.parent.iterdir()) == ["shots.csv", "shots.jsonl"]
