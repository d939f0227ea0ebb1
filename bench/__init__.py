"""What the services do in a second, beside what a plain loop does that writes the same rows. docs/performance.md says how."""
