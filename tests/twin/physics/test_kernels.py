"""Kernels that are kept on disk follow a change of any file that went into them."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

TWIN = Path(__file__).parents[3] / "twin"

CALLER = """
import numpy as np

from twin.physics.kernels.arrays import mark
from twin.physics.kernels.compiling import kernel


@kernel
def marked(bits):
    mark(bits, 3)
    return bits[0]


def main():
    print(marked(np.zeros(1, dtype=np.uint64)), sum(marked.stats.cache_hits.values()))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the twin in which one more kernel calls a helper from another file."""
    copytree(TWIN, tmp_path / "twin", ignore=ignore_patterns("__pycache__"))
    (tmp_path / "twin/physics/kernels/caller.py").write_text(CALLER)
    return tmp_path


def answer_and_hits(copy: Path) -> list[int]:
    """What the kernel returns in a fresh process, and how often it was found on disk."""
    command = [sys.executable, "-c", "from twin.physics.kernels.caller import main; main()"]
    done = subprocess.run(command, cwd=copy, check=True, capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


@pytest.mark.slow
def test_kernel_is_compiled_once_and_again_after_its_helper_changes(copy: Path) -> None:
    assert answer_and_hits(copy) == [1 << 3, 0]
    assert answer_and_hits(copy) == [1 << 3, 1]
    change(copy / "twin/physics/kernels/arrays.py", "(place & LOW)", "(LOW - place)")
    assert answer_and_hits(copy) == [1 << 60, 0]


@pytest.mark.slow
def test_kernel_is_compiled_again_after_the_mark_of_an_unused_arc_changes(copy: Path) -> None:
    answer_and_hits(copy)
    change(copy / "twin/physics/compiled.py", "NO_ARC = 0", "NO_ARC = -1")
    assert answer_and_hits(copy) == [1 << 3, 0]
