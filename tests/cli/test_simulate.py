"""`anymedia simulate`: a program that is run at simulators, and a folder whose ports and keys stay."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from anymedia import load_config, simulators
from anymedia.cli.simulated import FIRST_PORT
from anymedia.registry import adapters

ANYMEDIA = (sys.executable, "-m", "anymedia")
FAL = ("simulate", "--provider", "fal")
TOLD = """
import json, os, sys
from anymedia import load_config
config = load_config()
keys = sum(account.api_key is not None for account in config.accounts.values())
told = {"accounts": [*config.accounts], "keys": keys, "journal": str(config.journal), "stdin": sys.stdin.read()}
told["real"] = [name for name in os.environ if name in ("FAL_KEY", "ANYMEDIA_JOURNAL")]
print(json.dumps(told))
sys.exit(7)
"""
"""A program that tells what it was given, and then fails."""

COUNTS = """
import signal, time
heard = []
signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
print("ready", flush=True)
while not heard:
    time.sleep(0.01)
time.sleep(0.1)
print("heard", len(heard), flush=True)
"""
"""A program that goes on after Ctrl-C, and tells how often it came."""


ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


@pytest.fixture
def simulate(terminal, monkeypatch):
    """Run `anymedia simulate` with fal's simulator alone, as a process of its own."""
    monkeypatch.setenv("FAL_KEY", "a:real-one")
    monkeypatch.setenv("ANYMEDIA_JOURNAL", str(terminal.folder / "real.db"))

    def run(*words, stdin=""):
        return subprocess.run([*ANYMEDIA, *FAL, *words], input=stdin, capture_output=True, text=True, check=False)

    return run


def test_a_program_has_all_it_needs_and_ends_as_it_ends(simulate, terminal):
    done = simulate("--", sys.executable, "-c", TOLD, stdin="read me")
    assert (done.returncode, done.stderr) == (7, "")
    told = json.loads(done.stdout)
    assert (told["accounts"], told["keys"], told["stdin"]) == (["fal"], 1, "read me")
    assert told["real"] == [], "nothing that is real can be bought, or gets among what was"
    assert str(terminal.folder) not in told["journal"]
    assert [*terminal.folder.iterdir()] == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_signal_reaches_the_program(terminal, name):
    words = [
        *ANYMEDIA,
        *FAL,
        "--",
        "sh",
        "-c",
        f"kill -{name[3:]} {'$$' if name == 'SIGKILL' else '$PPID'}; exec sleep 60",
    ]
    ended = subprocess.run(words, check=False, start_new_session=True)
    assert ended.returncode == 128 + getattr(signal, name)


def test_what_is_pressed_at_a_terminal_reaches_the_program_once(terminal):
    words = [sys.executable, "-c", ON_A_TERMINAL, *ANYMEDIA, *FAL, "--", sys.executable, "-c", COUNTS]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\x03")
        process.stdin.flush()
        assert process.stdout.readline().endswith("heard 1\n")
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--", "no-such-program"), "no-such-program: no such program"),
        (("fal",), "fal: no such program; --provider fal simulates that provider alone"),
        (("--json", "--", "true"), "--json goes without a program"),
        (("--fault", "kie:failed", "--provider", "fal", "--", "true"), "no simulator is named 'kie'"),
        (("--cdn-rate", "0", "--", "true"), "rate must be more than 0"),
        (("--fault", "fal:odd", "--provider", "fal", "--", "true"), "--fault: no fault is named 'odd'"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(terminal, words, said):
    ended = terminal("simulate", *words)
    assert (ended.exit_code, said in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize("more", [(), ("--json",), ("--write", "kept"), ("--", "true")], ids=str)
def test_an_address_that_would_get_no_key_is_refused_before_anything_is_kept_or_told(simulate, terminal, more):
    done = simulate("--host", "0.0.0.0", *more)
    assert (done.returncode, "unencrypted" in done.stderr) == (3, True)
    assert "SIMULATED" not in done.stdout
    assert [*terminal.folder.iterdir()] == []


def test_a_program_that_cannot_be_started_is_said_too(terminal, monkeypatch):
    (terminal.folder / "odd").write_text("#!/nowhere/at/all\n")
    (terminal.folder / "odd").chmod(0o755)
    ended = terminal(*FAL, "--", "./odd")
    assert (ended.exit_code, "./odd: No such file or directory" in ended.stderr) == (2, True), ended.stderr


def in_the_shell():
    """Return the environment of a shell that has read the keys."""
    read = subprocess.run(["sh", "-c", ". kept/simulated.env; env -0"], capture_output=True, text=True, check=True)
    return dict(pair.split("=", 1) for pair in read.stdout.split("\0") if pair)


def test_a_folder_has_the_same_ports_and_keys_again(simulate, terminal):
    assert simulate("--write", "kept", "--", "true").returncode == 0
    file, keys = terminal.folder / "kept/anymedia.toml", terminal.folder / "kept/simulated.env"
    before = keys.read_text()
    first = load_config(environ=in_the_shell())
    assert (first.path, first.journal) == (file, file.parent / "simulated.db")
    assert int(first.account("fal").origin.rpartition(":")[2]) >= FIRST_PORT

    text = file.read_text() + '\n[route]\naccounts = ["fal"]\n'
    file.write_text(text)
    assert simulate("--write", "kept", "--", "true").returncode == 0
    assert (file.read_text(), keys.read_text()) == (text, before)

    file.write_text(text.partition("[route]")[0])
    assert simulate("--write", "kept", "--provider", "bfl", "--", "true").returncode == 0
    both = load_config(environ=in_the_shell())
    assert both.account("fal") == first.account("fal")
    assert both.account("bfl").origin != first.account("fal").origin
    assert both.account("bfl").lacks == {}


def test_a_folder_needs_no_trust(simulate, monkeypatch):
    assert simulate("--write", "kept", "--", "true").returncode == 0
    environ = in_the_shell()
    del environ["ANYMEDIA_CONFIG"]
    monkeypatch.chdir("kept")
    assert load_config(environ=environ).account("fal").api_key is not None


def test_a_port_that_is_in_use_is_said(simulate, terminal):
    assert simulate("--write", "kept", "--", "true").returncode == 0
    port = int(load_config("kept/anymedia.toml").account("fal").origin.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        done = simulate("--write", "kept", "--", "true")
        assert done.returncode == 2
        assert f"fal cannot listen at 127.0.0.1, port {port}: " in done.stderr
        assert "if `anymedia simulate` serves kept already, end it first" in done.stderr
        assert simulate("--write", "other", "--", "true").returncode == 0, "a new folder takes the next port"
    done = simulate("--write", "kept", "--port", "9000", "--", "true")
    assert (done.returncode, "kept/anymedia.toml has the ports already" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("anymedia.toml", "[providers.fal]\n", "anymedia.toml is there already, and not from `anymedia simulate`"),
        ("simulated.env", "KEY=1", "simulated.env is there already, and not from `anymedia simulate`"),
        ("anymedia.toml", b"\xff", "anymedia.toml is there already, and not from `anymedia simulate`"),
        ("anymedia.toml", "# Written by `anymedia simulate`\n[", "anymedia.toml: not TOML: "),
        ("simulated.env", "# Written by `anymedia simulate`\nexport 'A", "simulated.env: not for a shell: "),
        (
            "anymedia.toml",
            '# Written by `anymedia simulate`\n[providers.fal]\nbase_url = "https://queue.fal.run"\n',
            "anymedia.toml: providers.fal: base_url: must be http://127.0.0.1:PORT, not 'https://queue.fal.run'",
        ),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(terminal, file, text, said):
    (terminal.folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    before = (terminal.folder / file).read_bytes()
    ended = terminal(*FAL, "--write", ".", "--", "true")
    assert (ended.exit_code, said in ended.stderr) == (3, True), ended.stderr
    assert [each.name for each in terminal.folder.iterdir()] == [file]
    assert (terminal.folder / file).read_bytes() == before


def test_a_fault_strikes_once(terminal):
    picture = ("generate", "a lighthouse", "--model", "flux-2-pro", "--provider", "fal", "--json")
    ended = subprocess.run(
        [*ANYMEDIA, *FAL, "--speed", "1000", "--fault", "fal:reset_after", "--", *ANYMEDIA, *picture],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, json.loads(ended.stdout)["error"]["type"]) == (4, "SubmitUncertain")


def test_how_results_are_served_is_said_by_flags(terminal, monkeypatch):
    seen, run = [], simulators.running

    def noted(*names, **said):
        seen.append(said["cdn"])
        return run(*names, **said)

    monkeypatch.setattr(simulators, "running", noted)
    flags = ("--link-life", "60", "--cdn-delay", "2", "--cdn-rate", "5e4", "--cdn-failing", "0.2")
    assert terminal(*FAL, *flags, "--", "true").exit_code == 0
    assert terminal(*FAL, "--", "true").exit_code == 0
    assert seen == [simulators.CDN(link_life=60, delay=2, rate=50_000, failing=0.2), simulators.CDN()]


def test_real_keys_are_those_of_every_provider(monkeypatch):
    from anymedia.cli.simulate import _environ_without_keys

    names = [name for seller in adapters().values() for name in seller.api_key_env]
    for name in names:
        monkeypatch.setenv(name, "real")
    assert {*names} & {*_environ_without_keys()} == set()
