"""Who proposes what to look at where not everything can be."""
