"""Attacks that are played for ever: minds, servers, feeds, files, approvals, journals, privacy."""
