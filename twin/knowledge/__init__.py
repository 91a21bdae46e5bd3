"""What is on record of everything that a network stands on, and what follows from it."""
