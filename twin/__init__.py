"""The digital twin: the nouns, the network's physics, and everything learned from it."""
