"""How kernels are compiled, and kept on disk until any of their files changes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import cgutils, types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.extending import intrinsic

from twin.physics import compiled as compiled_topology

Function = TypeVar("Function", bound=Callable[..., Any])


def _stamp() -> str:
    # Constants are compiled in as well; NO_ARC is the only one from outside this folder.
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(compiled_topology.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


STAMP = _stamp()
"""Of the sources of all kernels."""


class KernelCache(FunctionCache):
    """numba's cache on disk, good for as long as STAMP is the same.

    numba's own notices a change of the function's file alone, not one of a file that a helper of it
    lives in.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        # numba ships no types.
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._cache_file = IndexDataCacheFile(  # type: ignore[no-untyped-call]
            self.cache_path, self._impl.filename_base, STAMP
        )


def kernel(function: Function) -> Function:
    """Compile without reference counts, which cost several times what the kernels themselves do.

    They allocate nothing, and their caller holds every array. Helpers are inlined, because a call
    hands over every field of every tuple.
    """
    options: Any = {"nogil": True, "_nrt": False, "forceinline": True}
    # A division by zero gives infinity, and needs no check.
    options["error_model"] = "numpy"
    dispatcher: Any = numba.njit(**options)(function)
    # What `cache=True` does, with a cache of our own.
    dispatcher._cache = KernelCache(function)
    compiled: Function = dispatcher
    return compiled


@intrinsic
def highest_bit(_context: Any, _word: Any) -> Any:
    """Position of the highest set bit of a uint64 that is not zero."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], cgutils.true_bit)
        return builder.sub(context.get_constant(types.uint64, 63), zeros)

    return types.uint64(types.uint64), build
