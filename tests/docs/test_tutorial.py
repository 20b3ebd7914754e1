"""docs/tutorial.md, from top to bottom: each program is saved, each command is run, and what is shown is printed."""

import re
from pathlib import Path

import pytest

from anymedia.simulators import in_thread
from tests.docs.shell import Shell

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`([\w.]+\.(?:py|toml))`[^`]*\Z")
"""The file that is named last before a block."""


def printed(shown, output):
    """Return whether each line that is shown is printed, in that order; … stands for anything."""
    pattern = ".*".join(re.escape(line).replace("…", ".*") for line in shown.splitlines())
    return re.search(pattern, output, re.DOTALL) is not None


@pytest.mark.slow
def test_each_step_works(tmp_path):
    shell, output, live = Shell(tmp_path), "", {}
    with in_thread("kie", speed=100) as simulators:
        kie = simulators["kie"]
        for block in BLOCK.finditer(PAGE):
            language, text = block.groups()
            named = NAME.search(PAGE[: block.start()])
            if language == "text":
                assert printed(text, output), output
            elif language == "sh":
                live |= {"KIE_API_KEY": kie.api_key} if "export KIE_API_KEY=" in text else {}
                lines = text.replace('export KIE_API_KEY="…"\n', "")
                output = shell(lines, **live)
            else:
                here = f'[providers.kie]\nbase_url = "{kie.base_url}"\napi_key_env = "KIE_API_KEY"\n'
                (tmp_path / named[1]).write_text(text.replace("[providers.kie]\n", here))
        assert "succeeded" in output, "the last step shows what was bought"
        assert [entry["state"] for entry in kie.bills()["entries"]] == ["succeeded"]
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {"lighthouse.jpg", "waves.mp4"}
