"""The published language: every event that crosses a service's border, and who may listen to it."""
