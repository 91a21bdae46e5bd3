"""How a plan reaches devices: written rules and a protocol. Nothing in here chooses."""
