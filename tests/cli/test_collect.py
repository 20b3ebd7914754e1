"""`anymedia collect`: what is paid for and nowhere yet, fetched before its link dies; doctor tells of it."""

import json

import pytest

from anymedia import ImageRequest, SyncClient

from .conftest import FastClock


@pytest.fixture
def left(terminal, place, simulators):
    """Buy pictures as programs do that do not save them, and return the ids of their tasks."""

    def bought(*accounts):
        with SyncClient("anymedia.toml", clock=FastClock()) as client:
            request = ImageRequest(model="flux-2-pro", prompt="A fox")
            return [client.wait(client.submit(request, account)).id for account in accounts]

    return bought


def files(folder):
    return sorted(path.name for path in folder.glob("*.jpg"))


def test_what_is_left_is_saved_and_then_nothing_is(terminal, left):
    one, two = left("reapi", "runapi")
    told = terminal("doctor").stdout
    assert "uncollected: 2 results, paid for and not saved: `anymedia collect`; the first link dies at" in told
    assert terminal.json("doctor", code=1)["journal"]["uncollected"] == 2
    collected = terminal.json("collect", "--account", "runapi", "--out", "out")
    assert ([task["id"] for task in collected["tasks"]], collected["errors"]) == ([two], [])
    assert collected["files"] == [f"out/{two}-1.jpg"]
    ended = terminal("collect", "--out", "out", "--sidecar")
    assert (ended.exit_code, f"out/{one}-1.jpg" in ended.stdout) == (0, True)
    assert files(terminal.folder / "out") == sorted(f"{name}-1.jpg" for name in (one, two))
    assert json.loads((terminal.folder / f"out/{one}-1.jpg.json").read_text())["task"] == one
    again = terminal("collect")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "nothing is left to be collected\n")
    assert "uncollected" not in terminal("doctor").stdout


def test_only_what_dies_soon_can_be_asked_for(terminal, left):
    left("reapi")  # whose links live for a week
    assert terminal("collect", "--expiring", "1h").stderr == "nothing is left to be collected\n"
    assert terminal("tasks", "--expiring", "1h").stdout == ""
    assert len(terminal.json("collect", "--expiring", "8d")["files"]) == 1
    for wrong in ("soon", "-1h", "9999999999d"):
        ended = terminal("collect", "--expiring", wrong)
        assert (ended.exit_code, "must be an age like 24h, 7d, a date or a time" in ended.stderr) == (2, True)


def test_what_cannot_be_saved_is_told_with_what_to_do(terminal, simulators, left):
    (name,) = left("reapi")
    state = terminal.folder / "anymedia.toml"
    state.write_text(state.read_text() + '[download]\nlargest = "1 kB"\n')
    ended = terminal("collect")
    assert ended.exit_code == 1
    said = " ".join(ended.stderr.split())
    assert f"error: the result of task {name} was not saved: it has" in said
    assert "and [download] largest is 1,000 bytes; raise that in anymedia.toml, then `anymedia collect` fetches" in said
    (error,) = terminal.json("collect", code=1)["errors"]
    assert (error["type"], error["task_id"], error["billed"]) == ("DownloadError", name, "yes")
    (listed,) = terminal.json("tasks", "--expiring", "8d")
    assert listed["task"]["id"] == name
    state.write_text(state.read_text().replace("1 kB", "50 MB"))
    assert terminal("collect").exit_code == 0
    assert files(terminal.folder) == [f"{name}-1.jpg"]


def test_what_should_be_dead_is_told_apart_and_can_be_given_up(terminal, simulators, left, monkeypatch):
    (name,) = left("reapi")
    usual = FastClock.now
    monkeypatch.setattr(FastClock, "now", lambda clock: usual(clock).replace(year=2100))
    simulators["reapi"].fault("not_found", on="result", times=None)
    told = terminal("doctor").stdout
    assert "uncollected: 1 result whose links should be dead by now: `anymedia collect` asks once more" in told
    ended = terminal("collect")
    assert ended.exit_code == 1
    assert f"`anymedia tasks settle {name} --dismiss` gives it up" in " ".join(ended.stderr.split())
    assert terminal("tasks", "settle", name, "--dismiss").exit_code == 0
    assert terminal("collect").stderr == "nothing is left to be collected\n"


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_fetched(terminal, simulators, left):
    left("reapi")
    (terminal.folder / "file").write_text("a file")
    ended = terminal("collect", "--out", "file/out")
    assert ended.exit_code == 3
    assert "file/out cannot be written to" in ended.stderr


def test_without_a_journal_there_is_nothing_to_go_by(terminal, simulators, monkeypatch):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "off")
    ended = terminal("collect")
    assert (ended.exit_code, "nothing tells what is to be collected" in ended.stderr) == (3, True)
