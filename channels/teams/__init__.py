"""Microsoft Teams: cards and threads in one tenant, over the Bot Connector (docs/teams.md)."""
