"""What is generated from the contracts, each kind of document in its own module. Run by `contracts.generate`."""
