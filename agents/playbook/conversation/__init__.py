"""The playbook's side of a conversation: reads a question by a grammar, looks up, and says it.

A question is answered as a whole or not at all: every word has to fit, every name has to mean one
thing, and every figure comes from a result that the answer cites.
"""
