"""Following a live network: from raw telemetry to rates, demand, link states and alarms."""
