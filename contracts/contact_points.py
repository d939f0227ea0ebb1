"""Contact points: one telephone number or one e-mail address in one normalised form, however it was written.

Every service that stores, compares or sends to a contact point uses `normalised`. The libraries are imported at the first use:
their tables take as long to load as a small service.
"""

import re
import unicodedata

EMAIL_MARK = "@"
MIN_DIGITS, MAX_LOCAL_DIGITS, MAX_EXTENSION_DIGITS = 3, 8, 6
"""The digits of the shortest short code (110), of the longest number dialled without an area code, and of the longest
extension."""
CHINA, MIN_CHINESE_DIGITS = 86, 10
"""China's country code, and the digits of its shortest subscriber number with area code. A shorter number is a short code after
an area code: 029-12345 is a city's hotline."""

_NUMBER = re.compile(r"\+?[\d\s().\-\u2010-\u2015\u2212\u30fc]+")
_EXTENSION = re.compile(r"\s*(?:;ext=|转|轉|分机|分機|ext\.?|x|#)\s*[:.]?\s*(\d+)$", re.IGNORECASE)
_CHINESE_LANDLINE = re.compile(r"(0\d{2,3})[ -](\d{7,8})-(\d{1,6})")
"""A landline number with extension as offices write it: in 029-88887777-801 the third group is the extension."""


class BadContactPoint(ValueError):
    """The text is not exactly one telephone number or e-mail address. The message never repeats it."""


def normalised(text: str, region: str) -> str:
    """Return the normalised form of a telephone number or an e-mail address. Normalising it again changes nothing.

    A telephone number becomes E.164 (``+862988887777``), with its extension by RFC 3966 (``+862988887777;ext=12``). A short
    code (12345) or a number without its area code becomes its bare digits: E.164 has no form for those. ``region`` is the ISO
    3166 code of the country to which numbers without a country code belong. Raises BadContactPoint.
    """
    clean = _without_format_characters(unicodedata.normalize("NFKC", text)).strip()
    if not clean:
        raise BadContactPoint("Blank: want one telephone number or e-mail address.")
    return _email(clean) if EMAIL_MARK in clean else _telephone(clean, region)


def comparable(text: str | None, region: str) -> str | None:
    """Return the form in which two contact points are compared; None if there is no contact point or it is unusable."""
    try:
        return normalised(text, region) if text else None
    except BadContactPoint:
        return None


def is_personal(contact: str) -> bool:
    """Return whether a normalised contact point can belong to one person or household.

    Short codes (12345, also after an area code), numbers without area code and service numbers (400, 800) cannot: each stands
    for many callers. An e-mail address can.
    """
    return EMAIL_MARK in contact or (contact.startswith("+") and _is_subscriber(contact))


def is_region(code: str) -> bool:
    """Return whether the telephone numbers of this country are known."""
    from phonenumbers import SUPPORTED_REGIONS

    return code in SUPPORTED_REGIONS


def _is_subscriber(number: str) -> bool:
    """Return whether ``number``, in E.164 and perhaps with an extension, is a subscriber's."""
    import phonenumbers

    parsed, kinds = phonenumbers.parse(number), phonenumbers.PhoneNumberType
    services = {kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.UAN, kinds.VOICEMAIL}
    digits = len(phonenumbers.national_significant_number(parsed))
    is_short = parsed.country_code == CHINA and digits < MIN_CHINESE_DIGITS
    return not is_short and phonenumbers.number_type(parsed) not in services


def _without_format_characters(text: str) -> str:
    """Remove invisible characters: phones put directional marks around the numbers that they copy."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        # a street office's own mail domain need not be one that the world can reach
        return validate_email(text, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError:
        raise BadContactPoint("Not exactly one e-mail address.") from None


def _telephone(text: str, region: str) -> str:
    written, extension = _split(text)
    digits = "".join(str(unicodedata.digit(character)) for character in written if character.isdigit())
    if not _NUMBER.fullmatch(written) or len(digits) < MIN_DIGITS or len(extension) > MAX_EXTENSION_DIGITS:
        raise BadContactPoint("Not exactly one telephone number.")
    number = _national_or_international(written, digits, region)
    return f"{number};ext={extension}" if extension else number


def _split(text: str) -> tuple[str, str]:
    """Return a number and its extension, which may be empty."""
    if landline := _CHINESE_LANDLINE.fullmatch(text):
        return f"{landline[1]}{landline[2]}", landline[3]
    found = _EXTENSION.search(text)
    return (text[: found.start()], found[1]) if found else (text, "")


def _national_or_international(written: str, digits: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        raise BadContactPoint("Not exactly one telephone number.") from None
    local = not written.startswith("+") and len(digits) <= MAX_LOCAL_DIGITS
    if local and not phonenumbers.is_valid_number(number):
        return digits
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise BadContactPoint("Not exactly one telephone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
