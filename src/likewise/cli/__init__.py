"""The command line: a file a command."""

import sys


def main() -> None:
    """The `likewise` command; Ctrl-C while it is still being read ends it as it does later."""
    try:
        from likewise.cli.app import main as run

        run()
    except KeyboardInterrupt:
        print("likewise: stopped", file=sys.stderr)  # noqa: T201
        sys.exit(130)
