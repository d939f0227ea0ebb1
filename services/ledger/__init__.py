"""What happened: an append-only provable log. It causes nothing in the chain."""
