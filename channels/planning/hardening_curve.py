"""What is left of a register's risk against what is spent on changes."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from twin.nouns.risk import Hardening


def plot_hardening(axis: Axes, before: float, changes: Sequence[Hardening], ink: str) -> None:
    """`before`: service-minutes a year with nothing built. Changes are numbered as they are picked,
    each at what is spent with it and what is left then.
    """
    spent = [0.0, *(change.spent for change in changes)]
    left = [before, *(change.slo_minutes_left for change in changes)]
    axis.step(spent, left, where="post", color="#3a8fd0", linewidth=1.8)
    axis.plot(spent, left, "o", color="#3a8fd0", markersize=4)
    for number, place in enumerate(zip(spent[1:], left[1:], strict=True), start=1):
        axis.annotate(str(number), place, xytext=(4, 4), textcoords="offset points",
                      fontsize=8, color=ink)  # fmt: skip
    axis.set_ylim(0.0, 1.08 * before or 1.0)
    axis.set_xlim(0.0, 1.05 * spent[-1] or 1.0)
    axis.set_xlabel("spent, in units of cost")
    axis.set_ylabel("service-minutes in breach a year")
