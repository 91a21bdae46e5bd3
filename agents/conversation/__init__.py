"""Questions in plain language: a role with tools that only read, whose answers cite them."""
