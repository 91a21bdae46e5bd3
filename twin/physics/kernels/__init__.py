"""What-if loads without routing everything again: kernels over the equal-cost DAGs of a base.

A scenario is a set of arcs with other weights. Of the destinations, only those are touched whose
DAG used a weakened arc, or could take in a strengthened one. For such a destination the nodes whose
distance can change are found and searched anew from their border (`search`), and then only the
differences of flow are pushed (`weakened`, `strengthened`; `lanes` for many scenarios at once).
Every scenario starts from the base, so that errors of rounding do not add up.

That flows are pushed as differences, in the base's order below the searched part, is ours.
"""
