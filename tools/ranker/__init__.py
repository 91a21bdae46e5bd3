"""The weights that ship, their card, and how they are opened."""
