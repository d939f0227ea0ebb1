"""The languages of the pages: the one that the visitor chose, or the best of `Accept-Language`; texts from the catalogues."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from langcodes import Language
from langcodes.tag_parser import LanguageTagError
from starlette.requests import Request

SUPPORTED = ("zh", "en")
DEFAULT = "zh"
SOURCE = "en"
"""The language of the texts in the code: it needs no catalogue."""
COOKIE = "whistle_language"
LOCALES = Path(__file__).parent / "locales"


@cache
def translations(language: str) -> Translations:
    """Return the texts of a language. The catalogue is compiled in memory, so that nothing generated has to be kept."""
    path = LOCALES / f"{language}.po"
    if language == SOURCE:
        return Translations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def language_of(request: Request) -> str:
    """Return the language for a request: the visitor's choice, else the best of `Accept-Language`, else Chinese."""
    chosen = request.query_params.get("lang") or request.cookies.get(COOKIE)
    if chosen in SUPPORTED:
        return chosen
    for tag in _accepted(request.headers.get("accept-language", "")):
        if (language := _language(tag)) in SUPPORTED:
            return language
    return DEFAULT


def _language(tag: str) -> str:
    """Return the language of a BCP 47 tag, such as zh of zh-Hant-TW; empty for a text that is none."""
    try:
        return Language.get(tag).language or ""
    except LanguageTagError:
        return ""


def _accepted(header: str) -> list[str]:
    """Return the language tags of a header, the most wanted first; malformed parts are left out."""
    wanted: list[tuple[float, int, str]] = []
    for index, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if (name := tag.strip()) and name != "*" and name.replace("-", "").isalnum() and quality > 0:
            wanted.append((-quality, index, name))
    return [name for _, _, name in sorted(wanted)]
