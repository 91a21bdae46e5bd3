"""The loop that lets any chat model play a role, and what a foreign one may use."""
