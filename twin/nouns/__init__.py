"""The nouns: one meaning each, everywhere. Values only; what computes with them is elsewhere."""
