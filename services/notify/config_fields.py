"""Field types of notify's files that marshmallow lacks."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import ValidationError, fields

from chassis.configuration.yaml_files import duration
from services.notify.domain.header_fields import has_line_break
from services.notify.domain.languages import is_tag
from services.notify.domain.success_rules import success_rule


class Duration(fields.String):
    """A duration such as ``10s`` or ``2h``; loads a timedelta."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return duration(value)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


class Zone(fields.String):
    """A time zone such as ``Asia/Shanghai``; loads a ZoneInfo."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return ZoneInfo(super()._deserialize(value, attr, data, **kwargs))
        except (ZoneInfoNotFoundError, ValueError):
            raise ValidationError("no such time zone") from None


class Success(fields.Dict):
    """A success rule such as ``{errcode: [0]}``; loads a SuccessRule."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        loaded = super()._deserialize(value, attr, data, **kwargs)
        if not loaded:
            raise ValidationError("Names no field.")
        return success_rule(loaded)


def one_line(value: str) -> None:
    """Refuse a value that would begin another header field or line. The message does not repeat it: it may be private."""
    if has_line_break(value):
        raise ValidationError("Contains a line break or another control character.")


def language_tag(value: str) -> None:
    """Refuse a text that is no language tag."""
    if not is_tag(value):
        raise ValidationError("Not a language tag by BCP 47, such as zh or kk-Arab.")
