"""The ranker served to many: what travels, the server on Ray Serve, and its client."""
