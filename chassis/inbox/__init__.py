"""Taking events in: each has its effect once; retries, wake-ups and dead letters."""
