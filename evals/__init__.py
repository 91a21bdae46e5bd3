"""Scripted incidents, scorers, baselines and the reports made from them."""
