"""Formats of networks, one a file: text in, what it says out. `registry` lists them."""
