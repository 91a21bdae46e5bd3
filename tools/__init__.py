"""The outside world behind small protocols: what an agent may call, the journal, the gate and the actuator."""
