"""Logs, metrics, health and the address on which operations reads them."""
