"""Where networks come from: readers that take text, and the assumptions that complete what they lack."""
