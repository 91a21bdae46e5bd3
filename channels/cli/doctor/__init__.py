"""`noctua doctor`: looks at everything that has to be in order, and changes nothing."""
