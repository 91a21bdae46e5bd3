"""Telling people outside: how they are called, and the calls themselves."""
