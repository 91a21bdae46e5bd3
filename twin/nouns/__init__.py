"""The nouns: one meaning each, everywhere. Values only; whoever computes with them lives elsewhere."""
