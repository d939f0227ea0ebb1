"""The photographs that tickets accepts, and the reasons for which it refuses one: errors of the field ``photograph``."""

JPEG = "image/jpeg"
MEDIA_TYPES = (JPEG, "image/png", "image/webp")
"""The media types that may be sent. A stored photograph is always JPEG."""
MAX_PER_TICKET, MAX_BY_LINK = 50, 10
"""The most photographs of a ticket, and the most of them that come by links."""

NOT_READABLE = "The picture cannot be read: it is damaged or incomplete."
TOO_MANY_PIXELS = "The picture has too many pixels."
TOO_SLOW = "The picture takes too long to read."
TICKET_IS_FULL = "The ticket has as many photographs as it may have."
NOT_TAKEN = "This deployment takes no photographs."
