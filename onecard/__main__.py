"""``python -m onecard``."""

from onecard.cli import main

main()
