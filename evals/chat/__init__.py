"""Chat services on loopback that refuse what the real ones do, and what is measured with them."""
