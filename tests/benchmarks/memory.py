"""Prints the highest resident memory of this process, in bytes, after an N-1 sweep of the network
that is named, or after the imports where none is.
"""

import resource
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def peak_bytes() -> int:
    """The most that was resident so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: what that tells includes the process that started this one.
        lines = status.read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from tests.benchmarks.workloads import network
    from twin.physics.changes import Changes

    for name in sys.argv[1:]:
        net = network(name)
        net.incremental().sweep(Changes.each_link(net.n_links), net.compiled.capacity_bps)
    print(peak_bytes())


if __name__ == "__main__":
    main()
