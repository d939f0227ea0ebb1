"""Publishing events: the relay, and the announcements of the highest sequence numbers."""
