"""Questions to the conversation, asked about staged networks and checked against the tools."""
