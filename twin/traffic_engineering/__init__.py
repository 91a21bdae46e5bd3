"""Which IGP weights keep the highest utilisation low: searched, and beside what no weights beat."""
