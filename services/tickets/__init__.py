"""The tickets service: intake on every channel, the resident's view, and the decision that a matter is handled, verified or
closed.
"""
