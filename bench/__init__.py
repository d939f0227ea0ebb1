"""The throughput of the services, beside that of a plain loop that writes the same rows. See docs/performance.md."""
