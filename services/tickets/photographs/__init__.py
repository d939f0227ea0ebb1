"""Photographs of tickets: made anew by a process of its own, stored as files, and listed in the database."""
