"""The ledger service: an append-only, provable log of all public events. It causes nothing in the chain."""
