"""Physics at flow level: routing, loads, queues, and what services get out of them."""
