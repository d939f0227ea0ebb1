"""The messages of the console and their catalogues. ``python -m console.catalogue`` adds new messages and drops unused ones.

A message without a translation fails the tests: see tests/unit/console/test_catalogues.py.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from console.labels import LABELS
from console.languages import LOCALES, SOURCE, SUPPORTED
from console.rendering import MISSING, PROBLEMS

PACKAGE = Path(__file__).parent
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def messages() -> Catalog:
    """Return every message of the templates, the modules and the labels."""
    catalogue = Catalog()
    for file, _, message, _, context in extract_from_dir(PACKAGE, _METHODS, options_map={"**.html": {"silent": "false"}}):
        if message:
            catalogue.add(message, locations=[(file, 1)], context=context)
    for kind, english in _labels():
        catalogue.add(english, locations=[("labels.py", 1)], context=kind)
    for english in (*PROBLEMS.values(), *MISSING.values()):
        catalogue.add(english, locations=[("rendering.py", 1)])
    return catalogue


def _labels() -> Iterator[tuple[str, str]]:
    for kind, names in LABELS.items():
        for english in names.values():
            yield kind, english


def read(language: str) -> Catalog:
    """Return the catalogue of a language."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def main() -> None:
    """Bring every catalogue up to date and say what is not translated yet."""
    for language in SUPPORTED:
        if language == SOURCE:
            continue
        catalogue = read(language)
        catalogue.update(messages(), no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with (LOCALES / f"{language}.po").open("wb") as file:
            write_po(file, catalogue, sort_output=True, omit_header=True, no_location=True, width=120)
        for message in catalogue:
            if message.id and not message.string:
                print(f"{language}: not translated: {message.id}")


if __name__ == "__main__":
    main()
