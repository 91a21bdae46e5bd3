"""The command line: `noctua`."""
