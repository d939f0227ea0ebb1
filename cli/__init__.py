"""`whistle`: what an operator types."""
