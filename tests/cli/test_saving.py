"""--out, --names and --sidecar: results in folders and buckets."""

import json

import pytest

from tests.storage import SECRET

from .test_generate import FOX

REAPI = (*FOX, "--provider", "reapi")


@pytest.fixture
def storing(terminal, simulators, bucket):
    """The simulators, with a storage in the config file that they are all reached by."""

    def configured(**changes):
        table = {**bucket.table("/media"), **changes}
        options = ", ".join(f'{name} = "{value}"' for name, value in table.pop("options").items())
        lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
        text = (terminal.folder / "anymedia.toml").read_text().partition("[storage]")[0]
        (terminal.folder / "anymedia.toml").write_text(
            "\n".join([text, "[storage]", *lines, f"options = {{ {options} }}", ""])
        )
        return ("--config", "anymedia.toml")

    return configured


def test_results_go_to_a_bucket_and_the_screen_and_the_journal_say_where(terminal, storing, bucket):
    config = storing()
    shown = terminal(*REAPI, "--out", f"{bucket.url}/mine", *config)
    assert shown.exit_code == 0, shown.output
    (key,) = bucket.keys()
    assert shown.stdout.startswith(f"{bucket.url}/{key}\n")
    assert "image/jpeg" in shown.stdout
    (attempt,) = terminal.json("tasks", *config)
    (asset,) = attempt["task"]["assets"]
    assert (asset["stored"], asset["path"]) == (f"{bucket.url}/{key}", None)
    facts = terminal("tasks", "show", attempt["id"], *config).stdout
    assert f"{bucket.url}/{key}" in facts
    assert "not saved here" not in facts
    assert not list(terminal.folder.glob("*.jpg"))
    assert SECRET not in shown.output + json.dumps(attempt) + facts


def test_where_nothing_is_named_they_go_where_the_configuration_says(terminal, storing, bucket):
    config = storing(results=True, names="{provider}/{task}-{number}.{ext}")
    made = terminal.json(*REAPI, "--count", "2", *config)
    assert sorted(made["files"]) == [f"{bucket.url}/{key}" for key in bucket.keys()]  # noqa: SIM118
    assert sorted(asset["stored"] for task in made["tasks"] for asset in task["assets"]) == sorted(made["files"])
    assert all(key.startswith("media/reapi/") for key in bucket.keys())  # noqa: SIM118
    here = terminal.json(*REAPI, "--out", "here", "--names", "{model}/a.{ext}", "--sidecar", *config)
    assert here["files"] == ["here/flux-2-pro/a.jpg"]
    told = json.loads((terminal.folder / "here/flux-2-pro/a.jpg.json").read_text())
    assert (told["provider"], told["sha256"]) == ("reapi", here["tasks"][0]["assets"][0]["sha256"])
    assert "request" not in told
    terminal.json(*REAPI, "--out", "there", "--names", "a.{ext}", "--sidecar-request", *config)
    assert json.loads((terminal.folder / "there/a.jpg.json").read_text())["request"]["prompt"] == FOX[1]


def test_a_bucket_that_cannot_be_written_to_is_refused_before_anything_is_bought(terminal, simulators, storing):
    config, before = storing(url="s3://no-such-bucket", results=True), simulators["reapi"].bills()["submits"]
    for words in ((), ("--out", "s3://another-bucket")):
        refused = terminal(*REAPI, *words, *config)
        assert refused.exit_code == 3, refused.output
        assert "-bucket cannot be written to: the bucket of s3://" in refused.stderr
    refused = terminal(*REAPI, "--out", "s3://another-bucket", "--names", "{task}.{ext}", *config)
    assert (refused.exit_code, "names need {task} and {number}" in refused.stderr) == (3, True)
    for value, option in {
        "ftp://host": "--out",
        "s3://host?a": "--out",
        "s3:/host": "--out",
        "../a.{ext}": "--names",
    }.items():
        assert terminal(*REAPI, option, value, *config).exit_code == 2
    assert simulators["reapi"].bills()["submits"] == before


def test_what_was_left_goes_to_the_storage_with_the_next_resume(terminal, simulators, storing, bucket):
    config = storing(results=True)
    simulators["reapi"].fault("not_found", on="result", times=None)
    shown = terminal(*REAPI, *config)
    assert (shown.exit_code, bucket.keys()) == (1, [])
    simulators["reapi"].clear()
    resumed = terminal.json("resume", "--sidecar", *config)
    (key, beside) = bucket.keys()
    assert (resumed["files"], beside) == ([f"{bucket.url}/{key}"], key + ".json")
    assert terminal("resume", *config).stderr.endswith("nothing is uncertain, and nothing was left open\n")


def test_doctor_says_whether_the_storage_can_be_written_to(terminal, storing, bucket):
    config = storing()
    good, words = terminal.json("doctor", *config, code=1), terminal("doctor", *config).stdout
    assert good["wrong"] == ["clock"]  # that of these tests
    assert good["storage"] == {"location": f"{bucket.url}/media", "trouble": None}
    assert f"storage: {bucket.url}/media can be written to\n" in words
    assert bucket.keys() == []
    storing(url="s3://no-such-bucket")
    bad = terminal.json("doctor", *config, code=1)
    assert bad["wrong"] == ["storage", "clock"]
    why = "s3://no-such-bucket cannot be written to: the bucket of s3://no-such-bucket does not exist"
    assert bad["storage"] == {"location": "s3://no-such-bucket", "trouble": why}
    assert f"storage: {why}\n" in terminal("doctor", *config).stdout


def test_a_folder_as_storage(terminal, storing):
    config = storing(url=str(terminal.folder / "kept"), results=True, options={})
    made = terminal.json(*REAPI, *config)
    assert made["files"][0].startswith(str(terminal.folder / "kept"))
    assert terminal.json("doctor", *config, code=1)["storage"]["location"] == str(terminal.folder / "kept")
