"""The disk of the state directory is filled to the last byte, and freed again."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.survival.disturbances.disturbance import Place
from twin.errors import BadInput
from twin.nouns.condition import ConditionKind

_SIZE = "32M"
_BALLAST = "ballast"


class FullDisk:
    """A real file system of a few megabytes, which only root can mount."""

    name = "full_disk"
    condition = ConditionKind.DISK_FULL

    @contextmanager
    def room(self, folder: Path) -> Iterator[Path]:
        """A file system of its own, which is gone afterwards. Raises BadInput."""
        disk = folder / "disk"
        disk.mkdir()
        mount = shutil.which("mount")
        options = ["-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(disk)]
        if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
            raise BadInput(f"{disk}: no file system can be mounted there; run this as root")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True, capture_output=True)

    def begin(self, place: Place) -> None:
        """Use up what is left."""
        with (place.state / _BALLAST).open("ab", buffering=0) as ballast:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        ballast.write(b"x" * size)
                except OSError:
                    continue

    def end(self, place: Place) -> None:
        """Give it back."""
        (place.state / _BALLAST).unlink(missing_ok=True)
