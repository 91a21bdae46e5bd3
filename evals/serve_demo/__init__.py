"""The demonstration of `noctua serve`: an incident that is answered in three places at once."""
