"""Files that people bring, as text."""

import codecs
import re
from pathlib import Path

from twin.errors import BadInput
from twin.sources.formats.registry import read_network
from twin.sources.parsed import ParsedNetwork
from twin.sources.traffic_matrix import with_demands

LARGEST_BYTES = 256 * 2**20
"""Larger files are refused by their size, before they are read."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


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
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise BadInput(
                f"{path} is {size / 2**20:.0f} MiB large; files are read up to "
                f"{LARGEST_BYTES // 2**20} MiB"
            )
        data = path.read_bytes()
    except OSError as exc:
        raise BadInput(f"{path} cannot be read ({exc})") from exc
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        declared = _DECLARED.match(data)
        encoding = "utf-8-sig" if declared is None else declared[1].decode("ascii")
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as exc:
        raise BadInput(
            f"{path} cannot be read ({exc}); save it as UTF-8, or UTF-16 with a byte-order mark"
        ) from exc
