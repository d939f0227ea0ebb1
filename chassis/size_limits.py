"""The limits of what anybody may send, over HTTP and over the broker. The proxy has the same: deploy/compose/Caddyfile."""

MAX_BODY_BYTES = 256 * 1024
"""A body is smaller than this; so is every body that a contract allows."""
MAX_ANONYMOUS_BYTES = 64 * 1024
"""The limit of a body that itself identifies its sender, by a signed link or a key in a form: it is read before the sender is
known."""
MAX_UPLOAD_BYTES = 8 * 1024 * 1024
"""The limit of a body that is a file. Its sender is known, and may send it, before it is read."""
MAX_DEPTH = 32
"""The deepest nesting of objects and lists, in a body and in a header; the contracts need four."""
