"""What can happen to a network, suffered or done: one vocabulary, one file for each kind."""
