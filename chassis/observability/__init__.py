"""Logs, metrics, health and the ops server."""
