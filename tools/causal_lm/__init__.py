"""The causal language model that ships: its weights, its card, and how they are opened."""
