"""Channels and routes: how a notice reaches each recipient. Pure data of the deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from string import Template
from urllib.parse import quote

from contracts.contact_points import EMAIL_MARK, comparable
from services.notify.domain.attempts import Retries
from services.notify.domain.channel_addresses import ChannelAddress
from services.notify.domain.message_size import Limit, Unit, vendor_limit
from services.notify.domain.notice_planning import DUTY, PARTIES, RESIDENT
from services.notify.domain.quiet_hours import QuietSchedule
from services.notify.domain.rate_limit import RateLimit
from services.notify.domain.success_rules import SuccessRule

LOG = "log"
OTHERS = "others"
MAIL = frozenset(
    ("mailto", "mailtos", "azure", "brevo", "groundmail", "mailersend", "mailgun", "o365", "postmark", "resend", "sendgrid")
    + ("sendpulse", "ses", "smtp2go", "sparkpost")
)
"""The schemes whose messages have a subject line. Other schemes would put a title into the message, beyond its limit."""
SMS = frozenset(
    ("46elks", "atalk", "bulksms", "bulkvs", "burstsms", "clicksend", "d7sms", "freemobile", "httpsms", "kaleyra", "msg91")
    + ("msgbird", "octopush", "plivo", "seven", "sinch", "smpp", "smpps", "smsc", "smseagle", "smseagles", "sns", "telnyx")
    + ("twilio", "voipms", "vonage", "nexmo")
)
PLAIN = MAIL | SMS | {"", "webhook", "webhooks", "json", "jsons", "form", "forms", "xml", "xmls"}
"""The schemes that hand on a plain text unchanged. Chat services interpret mentions, links and Markdown in it."""
RETRYABLE_STATUSES = frozenset({401, 403, 408, 425, 429})


@dataclass(frozen=True)
class Channel:
    """A channel. ``via`` is an apprise address with ``$address``, ``$key`` and ``$subject``, or `LOG`.

    ``receipts`` is how long a receipt is waited for; a channel without it gives none, and `notification.sent` is all that
    anybody will know.
    """

    name: str
    via: str
    size: int = 2000
    unit: Unit = Unit.CHARACTERS
    timeout: timedelta = timedelta(seconds=10)
    at_once: int = 1
    batch: int = 1
    per_minute: int | None = None
    receipts: timedelta | None = None
    success: SuccessRule | None = None
    """The rule for the body of a 2xx answer; None for the rule of the address's scheme."""

    @property
    def scheme(self) -> str:
        """Return the scheme of ``via``, in lower case; empty for the log."""
        return self.via.partition("://")[0].lower() if "://" in self.via else ""

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Return the channel's own limit and, if known, its vendor's. A text must be within both."""
        own, vendors = Limit(self.size, self.unit), vendor_limit(self.scheme)
        return (own, vendors) if vendors else (own,)

    @property
    def renders_markup(self) -> bool:
        """Return whether the receiver may interpret markup in a plain text: true of every scheme that is not known as plain."""
        return self.scheme not in PLAIN

    @property
    def rate_limit(self) -> RateLimit | None:
        """Return the rate limit, if the channel has one."""
        return RateLimit(self.per_minute) if self.per_minute else None

    def lease(self, margin: timedelta) -> timedelta:
        """Return the time after which a claimed batch counts as unknown."""
        return margin if self.via == LOG else self.timeout * self.batch + margin


@dataclass(frozen=True)
class Route:
    """A recipient's channel, address and language, and the fallback channels in order.

    Where there is no address it is the one that the ticket's contact gave; the language of a party is the contact's too.
    """

    channel: str
    address: str | None = None
    locale: str | None = None
    then: tuple[ChannelAddress, ...] = ()

    def ways(self, own: str | None) -> list[ChannelAddress]:
        """Return every channel with its address, the first first. ``own`` is the address that the recipient gave."""
        return [
            ChannelAddress(way.channel, way.address or own) for way in (ChannelAddress(self.channel, self.address), *self.then)
        ]


@dataclass(frozen=True)
class Routes:
    """The routes of all recipients."""

    resident: Route
    duty: Route
    others: Route
    responders: Mapping[str, Route] = field(default_factory=dict)

    def of(self, audience: str) -> Route:
        """Return the route to an audience; both parties of a dispute take the resident's."""
        if audience in PARTIES:
            return self.resident
        return self.duty if audience == DUTY else self.responders.get(audience, self.others)

    def all(self) -> tuple[Route, ...]:
        """Return every route."""
        return (self.resident, self.duty, self.others, *self.responders.values())


def recipient_kind(audience: str) -> str:
    """Return the kind of an audience: resident, duty or others."""
    if audience in PARTIES:
        return RESIDENT
    return DUTY if audience == DUTY else OTHERS


def is_one_address(address: str, region: str) -> bool:
    """Return whether an address is one telephone number, one e-mail address, or a gateway's name of one recipient."""
    if comparable(address, region) is not None:
        return True
    separators = any(character.isspace() or not character.isprintable() or character in ",;、，；" for character in address)
    return EMAIL_MARK not in address and bool(address) and not separators


@dataclass(frozen=True)
class Channels:
    """The deployment's whole configuration of channels."""

    channels: Mapping[str, Channel]
    routes: Routes
    link: str = "$token"
    quiet: QuietSchedule = field(default_factory=QuietSchedule)
    retries: Retries = field(default_factory=Retries)
    retryable: frozenset[int] = RETRYABLE_STATUSES
    """HTTP refusals that are temporary or our own fault: the notice is sent again. Every other 4xx is final."""
    margin: timedelta = timedelta(seconds=5)

    def final(self, status: int) -> bool:
        """Return whether an HTTP status makes further attempts on this channel useless."""
        return 400 <= status < 500 and status not in self.retryable

    def link_to(self, ticket: str, purpose: str, token: str) -> str:
        """Return the address at which a resident acts."""
        parts = {"ticket": ticket, "purpose": purpose, "token": token}
        return Template(self.link).substitute({name: quote(part, safe="") for name, part in parts.items()})


LOG_ONLY = Channels({LOG: Channel(LOG, LOG, batch=50)}, Routes(Route(LOG), Route(LOG), Route(LOG)))
"""The configuration of a deployment without `channels.yaml`."""
