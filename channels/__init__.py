"""How people and systems reach Noctua: command line, HTTP, console, chat and MCP."""
