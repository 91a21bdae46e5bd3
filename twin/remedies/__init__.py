"""What can be done about a cause: searched, tried, planned and verified, without a mind."""
