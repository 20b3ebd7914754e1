"""The command line: `anymedia`, and `python -m anymedia.cli`."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        # Said at once, not half way through a command.
        import click  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"anymedia: {error.name} is not installed; the command line needs: pip install 'anymedia[cli]'")
    from .app import app

    app.main(prog_name="anymedia")
