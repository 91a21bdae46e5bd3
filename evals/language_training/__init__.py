"""How the causal language model that ships is trained: on the worst days of several rounds."""
