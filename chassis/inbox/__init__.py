"""The inbox: each event takes effect once per handler group. Retries, wake-ups and dead letters."""
