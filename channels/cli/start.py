"""Where the process `noctua` begins and ends."""

import io
import signal
import sys

INTERRUPTED_EXIT = 128 + signal.SIGINT
"""As shells report a process that Ctrl-C ended."""


def main() -> None:
    """Run the command line. Ctrl-C at any moment ends it with one line and INTERRUPTED_EXIT.

    What an output's encoding does not have is written as an escape sequence.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Here, so that Ctrl-C while it is imported is met as well.
        from channels.cli.app import app

        app()
    except KeyboardInterrupt:
        _tell_stopped()
        sys.exit(INTERRUPTED_EXIT)
    except SystemExit as ending:
        # Typer makes this of Ctrl-C in a command.
        if ending.code == INTERRUPTED_EXIT:
            _tell_stopped()
        raise
    finally:
        # Python is still to end its threads: a second Ctrl-C cuts that short without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _tell_stopped() -> None:
    print("noctua: stopped", file=sys.stderr)
