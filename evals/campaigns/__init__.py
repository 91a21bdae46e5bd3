"""Campaigns: many plays, one record each, and tables made from the records alone."""
