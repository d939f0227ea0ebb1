"""The limits of the contracts' fields, in characters and years. An unlimited field can be used to fill a disk."""

ID = 80
PRODUCER_ID = 128
"""The longest id of a producer that `same_as` can name: as long as the idempotency key of a command over HTTP."""
NAME = 200
ADDRESS = 200
"""The longest address. A notice contains the address uncut, so the limit of every channel must have room for it."""
TEXT = 4000
"""The longest text that a person writes, unless its field has a limit of its own."""
YEARS = range(1900, 2200)
"""The years in which an instant may lie."""
OPEN311_REQUESTS, OPEN311_DAYS = 1000, 90
"""The most requests in an answer to a search by GeoReport v2, and the longest span that is searched."""
