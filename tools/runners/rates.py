"""How many rollouts a second each runner plays: `python -m tools.runners.rates [SETTING ...]`.

The batch is every single link failure over two hours of an evening, in steps of five minutes, with
demand drawn anew for each. First a batch that starts the workers, then rounds in which the runners
take turns; the best of each counts, since a machine that does other things as well only adds time.
"""

import math
import sys
import time
from contextlib import ExitStack

from tools.runners.selection import IN_PROCESS, Runners, runners_from_setting
from twin.events.faults.link_down import LinkDown
from twin.forecasting import Uncertainty
from twin.nouns.scenario import Scenario, TimedFault
from twin.physics.twin import Twin
from twin.rollout import RolloutTask
from twin.sources.world import WorldSpec, build_inventory

TOPOLOGY = "sndlib/germany50"
REPETITIONS = 3
ROUNDS = 7


def batch(twin: Twin) -> list[RolloutTask]:
    """Each link fails for an hour, in REPETITIONS draws of the demand."""
    scenarios = [
        Scenario(
            name=link.id,
            starts_s=19.0 * 3600.0,
            duration_s=7200.0,
            faults=(TimedFault(at_s=600.0, until_s=4200.0, fault=LinkDown(link=link.id)),),
        )
        for link in twin.inventory.topology.links
    ]
    return [
        RolloutTask(scenario, interval_s=300.0, uncertainty=Uncertainty(), seed=seed)
        for scenario in scenarios
        for seed in range(REPETITIONS)
    ]


def main(settings: list[str]) -> None:
    """Print a line for each setting."""
    twin = Twin(build_inventory(WorldSpec(topology=TOPOLOGY)))
    tasks = batch(twin)
    print(f"{TOPOLOGY}, {len(tasks)} rollouts of {len(_steps(twin, tasks))} steps")
    print(f"{'runner':<24}{'rollouts/s':>12}{'one rollout':>14}{'first batch':>14}  same bytes")
    expected = _played(Runners(), twin, tasks)
    with ExitStack() as opened:
        all_runners = {
            setting: opened.enter_context(runners_from_setting(setting))
            for setting in settings or [IN_PROCESS, "pool:1", "pool:2"]
        }
        first = {s: _timed(r, twin, tasks, expected) for s, r in all_runners.items()}
        best = dict.fromkeys(all_runners, math.inf)
        alone = dict(best)
        for _ in range(ROUNDS):
            for setting, runners in all_runners.items():
                best[setting] = min(best[setting], _timed(runners, twin, tasks)[0])
                alone[setting] = min(alone[setting], _timed(runners, twin, tasks[:1])[0])
    for setting, (first_s, same) in first.items():
        rate, one_ms = len(tasks) / best[setting], alone[setting] * 1e3
        print(f"{setting:<24}{rate:>12.0f}{one_ms:>11.1f} ms{first_s:>12.2f} s  {same}")


def _steps(twin: Twin, tasks: list[RolloutTask]) -> list[str]:
    return _played(Runners(), twin, tasks[:1])[0].split('"time_s"')[1:]


def _timed(
    runners: Runners, twin: Twin, tasks: list[RolloutTask], expected: list[str] | None = None
) -> tuple[float, bool]:
    started = time.perf_counter()
    answers = runners.on(twin).run(tasks)
    taken_s = time.perf_counter() - started
    return taken_s, expected is None or [a.model_dump_json() for a in answers] == expected


def _played(runners: Runners, twin: Twin, tasks: list[RolloutTask]) -> list[str]:
    return [answer.model_dump_json() for answer in runners.on(twin).run(tasks)]


if __name__ == "__main__":
    main(sys.argv[1:])
