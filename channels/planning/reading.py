"""Files that people bring, as text."""

import codecs
import os
import re
from pathlib import Path

from twin.errors import BadInput
from twin.sources.formats.registry import read_network
from twin.sources.parsed import ParsedNetwork
from twin.sources.traffic_matrix import with_demands

LARGEST_BYTES = 64 * 2**20
"""Larger files are refused by their size, before they are read; one takes four times as much."""

_ENCODINGS = re.compile(
    r"utf-?(?:8|16)(?:-?[lb]e)?|(?:us-)?ascii|iso-?8859-?\d+|windows-\d+|latin-?1"
)
"""What an XML declaration may name: not all that Python knows is for text, or quick."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


def is_file(name: str) -> bool:
    """Whether there is a file of that name, however odd the name is."""
    try:
        return Path(name).is_file()
    except OSError:  # The name is longer than any file's can be.
        return False


def network_in(path: Path, traffic: Path | None = None) -> ParsedNetwork:
    """The network in `path`, in any format that is read; `traffic`: the file of its demands.

    Raises:
        BadInput: a file cannot be read, is no network, or is no traffic of it.
    """
    network = read_network(text_of(path), str(path))
    if traffic is None:
        return network
    return with_demands(network, text_of(traffic), str(traffic))


def text_of(path: Path) -> str:
    """The text in `path`, without a byte-order mark.

    UTF-8, UTF-16 with its mark, or what an XML declaration names.

    Raises:
        BadInput: it cannot be read, is larger than LARGEST_BYTES, or is none of these.
    """
    try:
        # Pipes and devices have no size, and some have no end.
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(LARGEST_BYTES + 1) if size <= LARGEST_BYTES else b""
    except OSError as exc:
        raise BadInput(f"{path} cannot be read ({exc.strerror or exc})") from exc
    if max(size, len(data)) > LARGEST_BYTES:
        raise BadInput(
            f"{path} is {max(size, len(data)) / 2**20:.0f} MiB large; files are read up to "
            f"{LARGEST_BYTES // 2**20} MiB"
        )
    encoding = _encoding(data, path)
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as exc:
        where = f" at byte {exc.start:,}" if isinstance(exc, UnicodeDecodeError) else ""
        raise BadInput(
            f"{path} is not text in {encoding.removesuffix('-sig').upper()}{where}; save it as "
            "UTF-8, or UTF-16 with a byte-order mark"
        ) from exc


def _encoding(data: bytes, path: Path) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _DECLARED.match(data)
    if declared is None:
        return "utf-8-sig"
    encoding = declared[1].decode("ascii").lower()
    if not _ENCODINGS.fullmatch(encoding) or not _is_known(encoding):
        raise BadInput(
            f"{path} declares the encoding {encoding}, which is not read; save it as UTF-8, or "
            "UTF-16 with a byte-order mark"
        )
    return encoding


def _is_known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True
