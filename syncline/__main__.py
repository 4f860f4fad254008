"""`python -m syncline` is `syncline`."""

from syncline.cli.main import main

main()
