"""Templates: one Jinja environment per language, with the texts, names and times that the pages show."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from chassis.untrusted_text import visible_line, visible_text
from console import charts
from console.labels import LABELS
from console.languages import SOURCE, SUPPORTED, translations
from console.names import DeploymentNames
from console.pictures import NONE_CHOSEN, NOT_A_PICTURE, TOO_LARGE
from contracts import photographs
from contracts.http.files import OTHER_CONTENT

TEMPLATES = Path(__file__).parent / "templates"
PATTERNS = {
    "zh": ("M月d日 HH:mm", "yyyy年M月d日 HH:mm"),
    "en": ("d MMM HH:mm", "d MMM yyyy, HH:mm"),
}
"""The format of an instant of the current year, and of any other year, by language."""
MONTHS = {"zh": "yyyy年M月", "en": "MMMM yyyy"}
DAYS = {"zh": "yyyy年M月d日", "en": "d MMMM yyyy"}


class Renderer:
    """Renders the templates. ``zone`` is the zone of all times that a person reads."""

    def __init__(self, names: DeploymentNames, zone: tzinfo, version: str):
        self._names, self.zone, self._version = names, zone, version

    @cached_property
    def _environments(self) -> Mapping[str, Environment]:
        return {language: self._environment(language) for language in SUPPORTED}

    def _environment(self, language: str) -> Environment:
        made = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
        texts = Texts(language, self._names, self.zone)
        made.globals.update(
            language=language,
            other_language="en" if language == "zh" else "zh",
            asset=lambda name: f"/static/{name}?v={self._version}",
            office=self._names.office_name(language),
        )
        made.globals["code_options"] = texts.code_options
        made.filters.update(
            label=texts.label,
            named=texts.named,
            when=texts.when,
            audience=texts.audience,
            event_text=texts.event,
            day=texts.day,
            month=texts.month,
            full_when=texts.full_when,
            percent=charts.percent,
            figure=texts.figure,
            formula=texts.formula,
            apart_text=texts.apart,
            field_name=lambda name: texts.label(name, "field"),
            problem=texts.problem,
            done_text=texts.done,
            missing_part=texts.missing_part,
            iso=lambda at: at.isoformat(),
            line=visible_line,
            text=visible_text,
        )
        return made

    def texts(self, language: str) -> "Texts":
        """Return the texts of one language, for pages that need them outside of a template."""
        return Texts(language, self._names, self.zone)

    def page(
        self,
        template: str,
        language: str,
        values: Mapping[str, Any],
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page in a language."""
        html = self._environments[language].get_template(template).render(values)
        return HTMLResponse(html, status, {"Content-Language": language, "Vary": "Accept-Language, Cookie"})


class Texts:
    """Names and times in one language."""

    def __init__(self, language: str, names: DeploymentNames, zone: tzinfo):
        self._language, self._names, self._zone = language, names, zone
        self._translations = translations(language)

    def gettext(self, message: str) -> str:
        """Return the translation of a message."""
        return str(self._translations.gettext(message))

    def label(self, code: str | None, kind: str) -> str:
        """Return the name of a contract's code; empty for none."""
        if code is None:
            return ""
        english = LABELS[kind].get(code)
        return str(self._translations.pgettext(kind, english)) if english else str(code)

    def named(self, code: str | None, kind: str) -> str:
        """Return the deployment's name of a category, area, unit or level."""
        return self._names.of(kind, code, self._language)

    def when(self, at: datetime | None, now: datetime | None = None) -> str:
        """Return an instant in the deployment's zone; with its year unless that is the year of ``now``."""
        if at is None:
            return ""
        here = at.astimezone(self._zone)
        this_year = (now or datetime.now(self._zone)).astimezone(self._zone).year
        short, long = PATTERNS[self._language]
        return format_datetime(here, short if here.year == this_year else long, locale=self._language)

    def full_when(self, at: datetime) -> str:
        """Return an instant with its year, for what is printed."""
        return format_datetime(at.astimezone(self._zone), PATTERNS[self._language][1], locale=self._language)

    def day(self, at: datetime) -> str:
        """Return the day of an instant with its year."""
        return format_date(at.astimezone(self._zone), DAYS[self._language], locale=self._language)

    def month(self, day: date) -> str:
        """Return the month of a day with its year."""
        return format_date(day, MONTHS[self._language], locale=self._language)

    def code_options(self, kind: str) -> list[tuple[str, str]]:
        """Return the options of a selection: each code of a kind with its name, in the order of `LABELS`."""
        return [(code, self.label(code, kind)) for code in LABELS[kind]]

    def figure(self, one: Mapping[str, Any]) -> str:
        """Return the name of a figure; the ledger's own, which is Chinese, for one that the console does not know."""
        return self.label(one["kpi"], "kpi") if one["kpi"] in LABELS["kpi"] else str(one.get("title", one["kpi"]))

    def formula(self, one: Mapping[str, Any]) -> str:
        """Return the formula of a figure in words."""
        return str(one["formula_zh" if self._language == "zh" else "formula"])

    def apart(self, counts: Mapping[str, int]) -> str:
        """Return what is shown beside a figure, by kind."""
        return " · ".join(f"{self.label(kind, 'apart')} {count}" for kind, count in counts.items())

    def audience(self, code: str) -> str:
        """Return who a notice goes to: a party, the duty officer, or a unit."""
        return self.label(code, "audience") if code in LABELS["audience"] else self.named(code, "units")

    def event(self, entry: Mapping[str, Any]) -> str:
        """Return what a recorded event says, in one line."""
        what, data = self.label(entry["type"].rpartition(".v")[0], "event"), entry["data"]
        details = [
            self.named(data.get("to"), "units") if isinstance(data.get("to"), str) else "",
            self.label(data["clock"], "clock") if isinstance(data.get("clock"), str) else "",
            self.named(data.get("level"), "levels") if isinstance(data.get("level"), str) else "",
        ]
        return " · ".join([what, *(detail for detail in details if detail)])

    def problem(self, what: str, field: str) -> str:
        """Return a service's reason in the reader's language: a text that people know, or a general one."""
        if what in PROBLEMS:
            return self.gettext(PROBLEMS[what])
        if self._language == SOURCE:
            return what
        return self.gettext("Please check this entry.") if field != "form" else self.gettext("The rules do not allow it now.")

    def done(self, code: str) -> str:
        """Return the confirmation that a form took effect; the code is from the page's address and may be anybody's text."""
        if code in LABELS["command_done"]:
            return self.label(code, "command_done")
        kind = "command" if code in LABELS["command"] else "request"
        name = self.label(code, kind) if code in LABELS[kind] else ""
        return f"{self.gettext('Done')}{self.gettext(': ')}{name}" if name else self.gettext("Done")

    def missing_part(self, service: str) -> str:
        """Return which part of a page is missing because a service does not answer."""
        return self.gettext(MISSING[service])


PROBLEMS = {
    "Missing data for required field.": "Please fill this in.",
    "Not registered.": "This choice does not exist.",
    "Not exactly one telephone number.": "Please give exactly one telephone number.",
    "Blank: want one telephone number or e-mail address.": "Please give one telephone number.",
    "fields are wrong": "Please check the marked entries.",
    NONE_CHOSEN: "Please choose a picture first.",
    NOT_A_PICTURE: "This is no picture. Please send a photograph as JPEG, PNG or WebP.",
    OTHER_CONTENT: "This is no picture. Please send a photograph as JPEG, PNG or WebP.",
    TOO_LARGE: "The picture is too large. Please send one of less than 8 MB.",
    photographs.NOT_READABLE: "The picture is damaged or incomplete. Please send it once more, or another one.",
    photographs.TOO_MANY_PIXELS: "The picture has too many pixels. Please send a smaller one.",
    photographs.TOO_SLOW: "The picture takes too long to read. Please send another one.",
    photographs.TICKET_IS_FULL: "There are as many photographs as there may be.",
    photographs.NOT_TAKEN: "This deployment takes no photographs.",
}
"""The reasons of the services that people meet, and how the console says them."""
MISSING = {
    "tickets": "The tickets service does not answer: the matter itself and what the desk may do are missing here.",
    "dispatch": "The dispatch service does not answer: who works on it, the clocks and the queue are missing here.",
    "notify": "The notify service does not answer: who was told is missing here.",
    "ledger": "The ledger does not answer: what happened and the figures are missing here.",
}
