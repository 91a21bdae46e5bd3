"""What fails next, and how probable each thing is: one file for each question and predictor."""
