"""Rollouts elsewhere than in this process: on worker processes, and on a Ray cluster."""
