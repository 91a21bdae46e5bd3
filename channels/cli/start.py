"""Where the process `noctua` begins and ends."""

import io
import os
import signal
import sys
from typing import Any, NoReturn, TextIO

INTERRUPTED_EXIT = 128 + signal.SIGINT
"""As shells report a process that Ctrl-C ended."""

OUTPUT_LOST_EXIT = 1


def main() -> None:
    """Run the command line. Ctrl-C at any moment ends it with one line and INTERRUPTED_EXIT.

    What an output's encoding does not have is written as an escape sequence. An output that cannot
    be written, on a full disk, ends it with one line and OUTPUT_LOST_EXIT.
    """
    sys.stdout = _told_apart(sys.stdout)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
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
        try:
            sys.stdout.flush()
        except OutputLost as error:
            _end_without_output(error)
        raise
    except OutputLost as error:
        _end_without_output(error)
    finally:
        # Python is still to end its threads: a second Ctrl-C cuts that short without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


class OutputLost(OSError):
    """What was written to standard output did not get there."""


class _Output(io.FileIO):
    """Standard output, whose failures are told from those of other files."""

    def write(self, data: Any) -> int:
        """As ever. Raises OutputLost, and BrokenPipeError where nobody reads any more."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error.errno, error.strerror) from error


def _told_apart(stream: TextIO) -> TextIO:
    """`stream` such that what it cannot write raises OutputLost."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(stream.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
    )


def _end_without_output(error: OutputLost) -> NoReturn:
    # What is left would be tried again as Python ends, and fail with a traceback.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    print(f"noctua: standard output cannot be written: {error.strerror}", file=sys.stderr)
    sys.exit(OUTPUT_LOST_EXIT)


def _tell_stopped() -> None:
    print("noctua: stopped", file=sys.stderr)
