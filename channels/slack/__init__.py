"""Slack: cards and threads in one workspace, over Socket Mode or signed HTTP (docs/slack.md)."""
