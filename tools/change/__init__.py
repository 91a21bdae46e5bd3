"""How a plan reaches devices: written rules (gate) and a protocol (actuator). Nothing here chooses."""
