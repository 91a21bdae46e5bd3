"""Kinds of fault: each file holds all that the twin's side knows of one."""
