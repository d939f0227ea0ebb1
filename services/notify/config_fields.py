"""The kinds of field that notify's files have beside marshmallow's own."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import ValidationError, fields

from chassis.configuration.yaml_files import duration
from services.notify.domain.answers import success_rule
from services.notify.domain.header_fields import has_line_break
from services.notify.domain.languages import is_tag


class Duration(fields.String):
    """``10s``, ``2h``; loads a timedelta."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return duration(value)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


class Zone(fields.String):
    """``Asia/Shanghai``; loads a ZoneInfo."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return ZoneInfo(super()._deserialize(value, attr, data, **kwargs))
        except (ZoneInfoNotFoundError, ValueError):
            raise ValidationError("no such time zone") from None


class Success(fields.Dict):
    """``{errcode: [0]}``; loads a SuccessRule."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        loaded = super()._deserialize(value, attr, data, **kwargs)
        if not loaded:
            raise ValidationError("Names no field.")
        return success_rule(loaded)


def one_line(value: str) -> None:
    """Refuse what would begin a further header field or line; the value may be private, so the message does not repeat it."""
    if has_line_break(value):
        raise ValidationError("Contains a line break or another control character.")


def language_tag(value: str) -> None:
    """Refuse what is no language tag."""
    if not is_tag(value):
        raise ValidationError("Not a language tag by BCP 47, such as zh or kk-Arab.")
