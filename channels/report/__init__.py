"""The incident report that a NOC would file: facts from the journal, as HTML, Markdown and JSON."""
