"""Write the pages that are made from the code: `make docs`, or python docs/generate.py.

Whose prices are old is said on stderr: that depends on the calendar, and no page does.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from _generate import FOLDERS, built_in, pages
from _generate.age import stale


def main() -> None:
    """Write every page beside this file."""
    docs = Path(__file__).parent
    written = pages(built_in(), docs)
    for name, text in written.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, "utf-8")
    for folder in FOLDERS:
        for page in (docs / folder).glob("*.md"):
            if f"{folder}/{page.name}" not in written:  # of what is no more
                page.unlink()
    if old := stale(built_in(), datetime.now(UTC).date()):
        sys.stderr.write(f"prices {old}\n")


if __name__ == "__main__":
    main()
