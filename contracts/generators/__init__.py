"""Generators of the contracts' documents, one module for each kind. `contracts.generate` runs them."""
