"""Which code computed a figure."""

import subprocess
from importlib.metadata import version
from pathlib import Path


def code_version() -> str:
    """`git describe` of the checkout, or the version of the package where there is no git."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return version("noctua-netops")
    return said.stdout.strip()
