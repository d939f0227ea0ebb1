"""The check, at start, that each channel's limit has room for an address or a link, which a message never leaves out."""

from collections.abc import Iterator

from contracts.codes import LinkPurpose
from contracts.limits import ADDRESS
from services.notify.domain.channels import Channels, Route

_MAX_ADDRESS = "\U0001f600" * ADDRESS
"""An address of the characters that take most room in every unit."""
_TICKET, _TOKEN = "T" * 17, "k" * 120
"""Texts as long as real ones. A longer token makes the attempt fail with `TOO_LONG`."""


def undersized_channels(channels: Channels) -> Iterator[tuple[str, str]]:
    """Yield each channel whose limit is too small for its routes: its name, and the part that does not fit."""
    purpose = max((purpose.value for purpose in LinkPurpose), key=len)
    link = channels.link_to(_TICKET, purpose, _TOKEN)
    routes = channels.routes
    carried = [
        (routes.resident, link, f"a link of {len(link)} characters"),
        *(
            (route, _MAX_ADDRESS, f"an address of {ADDRESS} characters")
            for route in (routes.others, *routes.responders.values())
        ),
    ]
    for route, text, what in carried:
        for channel in (channels.channels[name] for name in _names(route)):
            if channel.scheme and not all(limit.allows(text) for limit in channel.limits):
                yield channel.name, what


def _names(route: Route) -> Iterator[str]:
    return (way.channel for way in route.ways(None))
