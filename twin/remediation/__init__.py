"""The hours after a failure, one change a quarter of an hour: planners and policies as equals."""
