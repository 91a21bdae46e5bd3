"""Fits that the twin's draws are compared with: arrays of numbers, and a card of each."""
