"""How well causes are named from recorded telemetry, by us and by what is simpler."""
