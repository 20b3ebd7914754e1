"""`python -m anymedia.cli`."""

from . import main

main()
