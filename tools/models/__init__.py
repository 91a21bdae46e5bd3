"""Language models behind an OpenAI-compatible server: settings, calls, and what leaves the machine.

Nothing else speaks to a model server or holds its key.
"""
