"""The outside world behind small protocols: drivers, stores, what agents may call, the gate."""
