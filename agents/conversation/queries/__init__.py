"""What can be asked of a network, and the nouns that come back: one file for each subject."""
