"""Publishing events: the relay, and the announcements of how far the sequences go."""
