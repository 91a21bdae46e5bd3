"""Kill -9 everywhere, and timeouts of what was done all the same: is anything lost or done twice?

`docs/survival.md` says how it is played and judged, and what came of it.
"""
