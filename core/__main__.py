"""`python -m anymedia`: the command line."""

from anymedia.cli import main

main()
