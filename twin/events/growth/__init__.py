"""What is built: other capacities, new links, new nodes."""
