"""The matter: intake on every channel, what the resident sees, and the decision that it is handled, verified, closed."""
