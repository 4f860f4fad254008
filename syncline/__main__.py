"""`python -m syncline` is `syncline`."""

import gc


def main() -> None:
    """The program. Never returns."""
    gc.set_threshold(200_000, 20, 50)  # what loading makes stays: looking through it again is a tenth of it
    from syncline.cli.main import main as program  # not at the top: it loads nearly everything

    program()


if __name__ == "__main__":
    main()
