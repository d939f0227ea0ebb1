"""A running service: its loops, periodic tasks, nameko entrypoints, and the stepped runtime of simulations."""
