"""Every way to end: one clear block, and the documented exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anymedia import (
    AnymediaError,
    Billed,
    DeadlineExceeded,
    JournalError,
    NoRoute,
    Outcome,
    OverCeiling,
    Problem,
    Unsupported,
)
from anymedia import cli as command_line
from anymedia.cli import main
from anymedia.cli.app import app
from anymedia.cli.errors import error_json
from anymedia.cli.failure import show_error

FOX = ("generate", "A fox in the snow", "--model", "flux-2-pro")


@pytest.mark.parametrize(
    ("fault", "options", "code", "kind", "billed"),
    [
        ("no_credit", {}, 1, "NoCredit", "no"),
        ("unauthorised", {}, 1, "BadApiKey", "no"),
        ("moderated", {"on": "poll"}, 1, "Blocked", "no"),
        ("failed", {}, 1, "TaskFailed", "no"),
        ("reset_after", {}, 4, "SubmitUncertain", "unknown"),
        ("without_id", {}, 4, "SubmitUncertain", "likely"),
        ("stuck", {}, 5, "DeadlineExceeded", "yes"),
    ],
)
def test_each_error_has_its_code(terminal, simulators, fault, options, code, kind, billed):
    simulators["reapi"].fault(fault, **options)
    ended = terminal(*FOX, "--provider", "reapi", "--timeout", "60", "--json")
    error = json.loads(ended.stdout)["error"]
    assert (ended.exit_code, error["type"], error["billed"]) == (code, kind, billed)
    said = {
        "no": "; nothing was billed\n",
        "unknown": "; it may have been billed ($0.028)\n",
        "likely": "; it was most likely billed ($0.028)\n",
        "yes": "; it is billed ($0.028)\n",
    }
    assert said[billed] in ended.stderr


def test_the_live_task_is_told(terminal, simulators):
    simulators["reapi"].fault("stuck")
    ended = terminal(*FOX, "--provider", "reapi", "--timeout", "30", "--json")
    error = json.loads(ended.stdout)["error"]
    assert error["task"]["id"] == error["task_id"]
    assert error["task_id"] in ended.stderr
    assert "lives on" in ended.stderr


def test_what_is_of_no_account_has_a_head_in_words(capsys):
    over = OverCeiling(
        problems=[Problem(field="max_price", message="acme/paint costs $3.00, more than the $1.00 allowed")]
    )
    show_error(NoRoute(errors=[Unsupported("no such field", account="acme"), over]))
    shown = capsys.readouterr().err
    assert "  acme     no such field\n" in shown
    assert "  ceiling  --max-price: acme/paint costs $3" in shown


def test_uncertain_says_that_it_is_not_sent_again(terminal, simulators):
    before = simulators["reapi"].bills()["submits"]
    simulators["reapi"].fault("reset_after")
    ended = terminal(*FOX, "--provider", "reapi")
    assert "; it may have been billed ($0.028)\n" in ended.stderr
    assert ended.stdout == ""
    assert simulators["reapi"].bills()["submits"] == before + 1


def test_no_key_names_the_variables(terminal):
    for words in (FOX, (*FOX, "--provider", "reapi")):
        ended = terminal(*words)
        assert ended.exit_code == 3
        assert "REAPI_API_KEY" in ended.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--provider", "replay"], "no account is named 'replay'"),
        (["--config", "none.toml"], "none.toml"),
    ],
)
def test_configuration_that_cannot_be_used(terminal, words, says):
    ended = terminal(*FOX, *words)
    assert ended.exit_code == 3
    assert says in ended.stderr


def test_every_problem_is_told_by_its_flag(terminal):
    wrong = ("--aspect-ratio", "1.8", "--count", "no", "--resolution", "8K", "--image", "fox.png", "--seed", "-1")
    ended = terminal(*FOX, *wrong)
    assert ended.exit_code == 2
    for flag in ("--aspect-ratio", "--count", "--resolution", "--image", "--seed"):
        assert flag in ended.stderr
    assert "nothing was sent" in ended.stderr


def test_a_url_that_is_not_of_the_web_is_no_path(terminal):
    ended = terminal(*FOX, "--image", "s3://bucket/fox.png")
    assert (ended.exit_code, "must be a URL or a data URI, not 's3://bucket/fox.png'" in ended.stderr) == (2, True)


@pytest.mark.parametrize("command", ["generate", "explain"])
def test_an_unknown_model_is_told_the_nearest(terminal, simulators, command):
    ended = terminal(command, "A fox", "--model", "flux-2-por")
    assert ended.exit_code == 2
    assert "did you mean flux-2-pro?" in ended.stderr


def test_when_every_offer_refuses_nothing_was_sent(terminal, simulators):
    error = terminal.json(*FOX, "--seed", "1", code=2)["error"]
    assert error["type"] == "NoRoute"
    assert len(error["errors"]) == 4
    assert terminal(*FOX, "--seed", "1").stderr.count("--on-unsupported drop") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--extra", "steps=20"],
        ["--extra", "reapi.a=1", "--extra", "reapi.a.b=2"],
        ["--label", "order"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
        ["--timeout", "5 parsecs"],
        ["--on-unsupported", "guess"],
    ],
)
def test_a_wrong_command_line(terminal, words):
    assert terminal(*FOX, *words).exit_code == 2


def test_a_raw_body_that_is_no_object(terminal, simulators):
    assert terminal("raw", "reapi", "/x", "{").exit_code == 2
    assert terminal("raw", "reapi", "x", "[]").exit_code == 2
    assert terminal("raw", "reapi", "/x", "@none.json").exit_code == 2


def test_odd_letters_do_no_harm(terminal, simulators):
    simulators["reapi"].fault("no_credit", message="[bold]no\x1b[2Jmoney\u202e \U0001f98a")
    ended = terminal(*FOX, "--provider", "reapi")
    assert "[bold]no\\x1b[2Jmoney\\u202e" in ended.stderr
    assert "\x1b" not in ended.output
    assert terminal("explain", b"a \xff fox".decode("utf-8", "surrogateescape"), "--model", "z-image").exit_code == 2


def test_keys_are_never_shown(terminal, simulators, monkeypatch):
    planted = "planted-key-4711"
    monkeypatch.setenv("SIMULATED_REAPI", planted)
    for words in (
        (*FOX, "--provider", "reapi"),
        ("explain", *FOX[1:]),
        ("raw", "reapi", "/api/v1/images/generations", "{}"),
        ("providers",),
        ("models",),
    ):
        for more in ((), ("--json",)):
            assert planted not in terminal(*words, *more).output


def _run(*words: str, **options) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-m", "anymedia", *words], text=True, **pipes)


def test_an_interrupt_says_what_lives_on(terminal, simulators):
    simulators["reapi"].fault("stuck")
    process = _run(*FOX, "--provider", "reapi")
    with process:
        while "running" not in (line := process.stderr.readline()):
            assert line
        assert simulators["reapi"].api_key not in Path(f"/proc/{process.pid}/cmdline").read_text()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "lives on" in said
    assert "Traceback" not in said


def test_an_interrupted_submit_is_waited_for(terminal, simulators):
    simulators["reapi"].fault("no_answer", seconds=0.6)
    process = _run(*FOX, "--provider", "reapi")
    with process:
        assert "sending" in process.stderr.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "interrupted; waiting for the answer of a submit, " in said
    assert "Ctrl-C leaves it uncertain in the journal" in said


def test_a_submit_whose_time_is_up_says_what_it_waits_for(terminal, simulators):
    simulators["reapi"].fault("no_answer", seconds=0.6)
    answer = terminal(*FOX, "--provider", "reapi", "--timeout", "0.3")
    assert answer.exit_code != 0
    assert "time is up; waiting for the answer of a submit, " in answer.output
    assert " s at most; Ctrl-C leaves it uncertain in the journal" in answer.output


@pytest.fixture
def closed():
    """A pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_whoever_stops_reading_sees_no_traceback(terminal, closed):
    for words in (["models"], ["explain", "A fox", "--model", "flux-2-pro"], ["providers", "--json"]):
        process = _run(*words, stdout=closed)
        with process:
            assert process.stderr.read() == ""
        assert process.returncode == 0


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_is_bought_is_told_where_nobody_reads_stdout(terminal, simulators, closed, more):
    with _run(*FOX, "--provider", "runapi", *more, stdout=closed) as process:
        said = process.stderr.read()
    assert process.returncode == 0
    (saved,) = terminal.folder.glob("*.*g")
    assert f"stdout is closed; what is paid for is told here\n{saved.name}\n" in said
    with _run("resume", *more, stdout=closed) as process:
        assert "nothing was left open" in process.stderr.read()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_failure_keeps_its_code_where_nobody_reads_stdout(terminal, simulators, closed, more):
    with _run(*FOX, "--provider", "nobody", *more, stdout=closed) as process:
        assert "no account is named 'nobody'" in process.stderr.read()
    assert process.returncode == 3


def test_what_can_be_done_fits_the_command(terminal, simulators):
    lost = terminal("raw", "reapi", "/bad/path", "{}")
    assert lost.stderr.splitlines()[-1].strip() == "Compare the path, and the names in it, with the page of reapi."
    assert terminal.json("generate", "A fox", "--model", "flux-2-por", code=2)["error"]["retry"] == "never"
    asked = ("generate", "hi", "--model", "tts-1", "--voice", "nova", "--provider", "reapi")
    assert terminal.json(*asked, code=2)["error"]["retry"] == "elsewhere"  # which does not sell it


def test_an_ascii_terminal(terminal):
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    process = _run("explain", "A fox \U0001f98a", "--model", "flux-2-pro", env=environ)
    with process:
        assert "fox" in process.stdout.read()
    assert process.returncode == 0


def test_without_click_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit, match="install anymedia with its extra cli"):
        main()


# What is no error of anymedia, in the same form

FORM = set(error_json(AnymediaError()))


@pytest.mark.parametrize(
    "words",
    [
        ("genrate", "A fox"),
        ("--colour", "generate"),
        (*FOX, "--colour"),
        (*FOX, "--timeout", "0"),
        ("generate", "A fox"),
        ("prices",),
        ("tasks", "shwo"),
        ("tasks", "--state", "odd"),
        ("raw", "reapi", "/x", "{"),
        ("simulate", "--provider", "nobody"),
    ],
)
def test_a_wrong_command_line_as_json(terminal, words):
    ended = terminal(*words, "--json")
    error = json.loads(ended.stdout)["error"]
    assert (ended.exit_code, error["type"], error["billed"], error["outcome"]) == (2, "UsageError", "no", "not sent")
    assert set(error) == FORM
    assert f"Error: {error['message']}" in ended.stderr
    assert terminal(*words).stdout == terminal(*words, "--", "--json").stdout == ""


def test_what_the_file_system_refuses(terminal):
    terminal.folder.rmdir()
    refused = terminal.json(*FOX, code=3)["error"]  # nothing is bought that cannot be kept
    assert (refused["type"], refused["billed"]) == ("ConfigError", "no")
    assert refused["message"] == "the working directory cannot be written to: No such file or directory"


@pytest.mark.parametrize(
    "words",
    [
        (*FOX, "--out"),
        ("resume", "--out"),
        ("demo", "--out"),
        ("simulate", "--write"),
        ("report", "--html"),
    ],
    ids=" ".join,
)
def test_a_folder_that_cannot_be_written_to_is_told_in_one_way(terminal, words):
    (terminal.folder / "file").write_text("")
    ended = terminal(*words, "file/x/r.html" if "--html" in words else "file/x")
    wanted = "/file/x cannot be written to: there is no such folder" if "--html" in words else "/file is no folder"
    assert (ended.exit_code, ended.stderr.endswith(f"{wanted}\n")) == (3, True)
    assert " cannot be written to: " in ended.stderr


def test_an_interrupt_before_the_command_is_there(terminal, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("anymedia.cli.app.import_module", interrupt)
    assert (terminal("models").exit_code, terminal("models").output) == (130, "interrupted\n")
    error = terminal.json("models", code=130)["error"]
    assert (error["type"], set(error)) == ("KeyboardInterrupt", FORM)


@pytest.fixture
def _heard():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
def test_an_interrupt_while_modules_are_imported(monkeypatch, capsys):
    def imported():
        signal.raise_signal(signal.SIGINT)
        return app

    monkeypatch.setattr(command_line, "_app", imported)
    monkeypatch.setattr(sys, "argv", ["anymedia", "models", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (130, "interrupted\n")
    assert json.loads(said.out)["error"]["type"] == "KeyboardInterrupt"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_leaves_the_answer_unread_and_says_no_more(terminal, simulators):
    simulators["reapi"].fault("no_answer")
    before = simulators["reapi"].bills()["submits"]
    process = _run(*FOX, "--provider", "reapi", "--json")
    with process:
        assert "sending" in process.stderr.readline()
        while simulators["reapi"].bills()["submits"] == before:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert "waiting for the answer" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said, printed = process.stderr.read(), process.stdout.read()
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert json.loads(printed)["error"]["type"] == "KeyboardInterrupt"


# Words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["genrate"], "No such command 'genrate'. Did you mean 'generate'?"),
        (["tasks", "shwo"], "No such command 'shwo'. Did you mean 'show'?"),
        (["zzz"], "No such command 'zzz'."),
        (["prices"], "Missing argument 'PROMPT'."),
        (["tasks", "show"], "Missing argument 'ID'."),
    ],
)
def test_what_a_wrong_command_line_is_told(terminal, words, says):
    assert terminal(*words).stderr.splitlines()[-1] == f"Error: {says}"


def test_a_flag_is_named_once(terminal, simulators):
    ended = terminal("resume", "--handle", "-", stdin="{")
    assert ended.exit_code == 2
    assert "\n  --handle: is not JSON\n" in ended.stderr


def test_who_cannot_reach_the_journal_is_not_told_to_do_without_it(capsys):
    show_error(JournalError("the database does not answer", away=True))
    said = capsys.readouterr().err
    assert "Try again once it answers" in said
    assert "ANYMEDIA_JOURNAL" not in said


def test_where_nothing_was_sent_no_task_lives_on(capsys):
    held = DeadlineExceeded("another call holds the key", outcome=Outcome.NOT_SENT, billed=Billed.NO)
    for error in (held, NoRoute("no offer", errors=[held])):
        show_error(error)
        said = capsys.readouterr().err
        assert "another call holds the key" in said
        assert "lives on" not in said
