"""Who operates the network in a comparison: nobody, Noctua, or a network operations centre."""
