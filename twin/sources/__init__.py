"""Where networks come from: readers of text, and the assumptions that fill what they lack."""
