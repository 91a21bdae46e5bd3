"""What follows from what has struck: one file for each mechanism."""
