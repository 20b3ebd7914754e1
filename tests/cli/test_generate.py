"""`anymedia generate` and `raw`, end to end at simulated providers."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.providers import FOUR

FOX = ("generate", "A fox in the snow", "--model", "flux-2-pro")


@pytest.mark.parametrize("provider", FOUR)
def test_a_picture_is_made_and_saved(terminal, simulators, provider):
    made = terminal.json(*FOX, "--provider", provider, "--aspect-ratio", "16:9", "--out", "pictures/new")
    (task,) = made["tasks"]
    (asset,) = task["assets"]
    assert (task["account"], task["state"], made["missing"], made["errors"]) == (provider, "succeeded", 0, [])
    assert (asset["media_type"], asset["width"], asset["height"]) == ("image/jpeg", 1360, 768)
    assert made["files"] == [asset["path"]]
    assert Path(asset["path"]).parent == Path("pictures/new")
    assert (terminal.folder / asset["path"]).stat().st_size > 1000
    assert made["money"]["usd"] is not None
    (attempt,) = made["attempts"]
    assert (attempt["status"], attempt["task"], attempt["order"]["why"]) == (
        "succeeded",
        task,
        "the only one asked",
    )
    assert Decimal(attempt["reserved"]) == Decimal(made["reserved"]) == Decimal(made["money"]["usd"])


def test_a_request_is_read_in_other_letters_and_signs(terminal, simulators):
    spelled = ("--model", "FLUX_2 Pro", "--aspect-ratio", "16x9", "--resolution", "1k", "--timeout", "1m30s")
    (attempt,) = terminal.json("generate", "A fox", "--provider", "runapi", *spelled)["attempts"]
    order = attempt["order"]
    assert (order["model"], order["body"]["aspect_ratio"], order["body"]["output_resolution"]) == (
        "flux-2-pro",
        "16:9",
        "1k",
    )
    assert terminal.json("models", "Flux 2 PRO") == terminal.json("models", "flux-2-pro")
    words = ("explain", "A fox", "--model", "GPT IMAGE 2", "--on-unsupported", "drop")
    sizes = [terminal.json(*words, "--size", size) for size in ("1024x768", "1024×768")]
    assert sizes[0] == sizes[1]
    refused = terminal(*words, "--aspect-ratio", "1.8")
    assert (refused.exit_code, "did you mean 16:9 or 2:1?" in refused.stderr) == (2, True)


def test_people_see_the_file_and_the_price_and_progress_apart(terminal, simulators):
    shown = terminal(*FOX, "--provider", "runapi")
    (file,) = terminal.folder.glob("*.jpg")
    assert shown.exit_code == 0
    assert shown.stdout.startswith(file.name)
    assert "1024x1024, image/jpeg" in shown.stdout
    assert "price $0.05" in shown.stdout
    assert "runapi/flux-2-pro sending" in shown.stderr
    assert "succeeded after" in shown.stderr


def test_another_file_is_never_overwritten(terminal, simulators, monkeypatch):
    name = "task_0000-1.jpg"
    (terminal.folder / name).write_text("mine")
    monkeypatch.setattr(simulators["reapi"].service, "new_id", lambda order: "task_0000")
    made = terminal.json(*FOX, "--provider", "reapi")
    assert made["files"] == ["task_0000-1.2.jpg"]
    assert (terminal.folder / name).read_text() == "mine"


def test_a_count_takes_as_many_tasks(terminal, simulators):
    made = terminal.json(*FOX, "--provider", "reapi", "--count", "3")
    assert len({*made["files"]}) == len([*terminal.folder.glob("*.jpg")]) == 3
    assert float(made["money"]["usd"]) == 3 * 0.028


def test_what_is_missing_is_named(terminal, simulators):
    simulators["reapi"].fault("failed")
    made = terminal.json(*FOX, "--provider", "reapi", "--count", "2", code=1)
    assert made["missing"] == 1
    assert len(made["files"]) == 1
    assert "failed" in made["errors"][0]


def test_a_paid_result_that_cannot_be_fetched_is_shown_with_its_link(terminal, simulators):
    simulators["reapi"].fault("not_found", on="result", times=None)
    shown = terminal(*FOX, "--provider", "reapi")
    assert shown.exit_code == 1
    assert "http://127.0.0.1" in shown.stdout
    assert "not saved" in shown.stdout
    assert "; it is billed ($0.028)\n" in shown.stderr
    advice = "  `anymedia collect` fetches it, while it can be had; --out names another place."
    assert shown.stderr.splitlines()[-1] == advice


def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_is_bought(terminal, simulators):
    (terminal.folder / "taken").write_text("")
    before = simulators["reapi"].bills()["submits"]
    refused = terminal(*FOX, "--provider", "reapi", "--out", "taken/new")
    assert refused.exit_code == 3
    assert simulators["reapi"].bills()["submits"] == before


@pytest.mark.parametrize("how", ["argument", "file", "stdin"])
def test_a_raw_body_is_sent_as_it_stands(terminal, simulators, how):
    body = json.dumps({"model": "z-image", "prompt": "A fox in the snow"})
    (terminal.folder / "body.json").write_text(body)
    given, stdin = {"argument": (body, ""), "file": ("@body.json", ""), "stdin": ("-", body)}[how]
    made = terminal.json("raw", "reapi", "/api/v1/images/generations", given, stdin=stdin)
    assert made["tasks"][0]["wire_id"] == "z-image"
    assert len(made["files"]) == 1


def test_a_raw_request_goes_to_an_account_by_its_name(terminal, simulators):
    one = simulators["reapi"]
    text = f'[providers.mine]\nadapter = "reapi"\nbase_url = "{one.base_url}"\napi_key_env = "SIMULATED_REAPI"\n'
    (terminal.folder / "anymedia.toml").write_text(text)
    for name in ("mine", "reapi"):
        made = terminal.json("raw", name, "/api/v1/images/generations", '{"model": "flux-2", "prompt": "A fox"}')
        assert made["tasks"][0]["account"] == "mine"
