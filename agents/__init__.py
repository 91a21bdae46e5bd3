"""Judgement: one role per module, from typed input and dependencies to a typed answer."""
