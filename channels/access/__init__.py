"""Who somebody is, whichever channel they come through, and who may do what here."""
