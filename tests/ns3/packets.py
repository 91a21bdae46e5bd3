"""Runs scenarios in ns-3 and prints what came of them as JSON; a process of its own.

ns-3 is under the GPL: nothing of it is imported by the packages, nor by the process that runs the
tests. `python tests/ns3/packets.py '[{"seed": 1, "hops": 1, ...}, ...]'`
"""

import json
import sys
from pathlib import Path


def main() -> None:
    # It is in an environment of its own.
    from ns import ns  # type: ignore[import-not-found,unused-ignore]

    ns.cppyy.cppdef(Path(__file__).with_name("egress.cc").read_text())
    answers = []
    for scenario in json.loads(sys.argv[1]):
        line = ns.cppyy.gbl.noctua.Line(
            scenario["seed"],
            scenario["hops"],
            scenario["through"],
            scenario["cross"],
            scenario["constant"],
            scenario["redraw"],
            scenario["places"],
            scenario["packets"],
        )
        answers.append([float(number) for number in line.Result()])
    # ns-3 and its compiler print, too; the last line is ours.
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
