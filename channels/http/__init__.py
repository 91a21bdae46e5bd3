"""The HTTP API: the verbs of `channels`, served with FastAPI (extra `serve`)."""
