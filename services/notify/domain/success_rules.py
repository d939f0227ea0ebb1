"""Success rules: the body that a gateway's 2xx answer must have for a message to count as taken.

WeCom, DingTalk, Feishu and many SMS gateways answer 200 to what they refuse, and say so in the body alone. The rules are data:
{field: the values that mean success}, a field being a path such as ``Response.SendStatusSet.0.Code``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

UNCLEAR = "unclear_answer"
"""The reason where the body lacks every field of the rule: the message may have arrived, and is sent again."""

_CODE = re.compile(r"-?[0-9]{1,9}|(?!.*[0-9]{7})[A-Za-z][A-Za-z0-9._-]{0,47}", re.DOTALL)
"""A number or a short word. A longer text is not repeated, since it may hold a telephone number."""


@dataclass(frozen=True)
class SuccessRule:
    """Each field that the body has must have one of its values, written as JSON writes them but without quotes.

    ``required``: the body must have at least one of the fields. Otherwise a body without them, or that is not JSON, is success.
    """

    fields: Mapping[str, frozenset[str]]
    required: bool = True

    def refusal(self, body: bytes) -> str | None:
        """Return the reason why the message does not count as taken, such as ``errcode_45009``; None where it does."""
        found = list(self._found(body))
        for field, value in found:
            if value not in self.fields[field]:
                return f"{field.rpartition('.')[2]}_{value if _CODE.fullmatch(value) else 'other'}"
        return UNCLEAR if self.required and not found else None

    def _found(self, body: bytes) -> Iterator[tuple[str, str]]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return
        for field in self.fields:
            value = answer
            for part in field.split("."):
                value = _part(value, part)
            if value is not None:
                yield field, written(value)


def success_rule(fields: Mapping[str, list[Any]], required: bool = True) -> SuccessRule:
    """Return the rule that a deployment's file, or the table below, writes as {field: [value, …]}."""
    return SuccessRule({name: frozenset(map(written, values)) for name, values in fields.items()}, required)


def written(value: Any) -> str:
    """Return a value as the rules compare it: 0 and "0" are equal, since gateways do not agree on numbers or text."""
    return value if isinstance(value, str) else json.dumps(value)


def success_rule_for(scheme: str) -> SuccessRule:
    """Return the rule of an apprise scheme, as its vendor documents it."""
    return _RULES.get(scheme, _DEFAULT)


def _part(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return None


_DEFAULT = success_rule({"errcode": [0]}, required=False)
"""The rule of every other gateway: the HTTP status decides, unless an ``errcode`` contradicts it."""

_RULES: Mapping[str, SuccessRule] = {
    # developer.work.weixin.qq.com/document/path/91770
    "wecombot": success_rule({"errcode": [0]}),
    # open.dingtalk.com/document/orgapp/custom-robot-access
    "dingtalk": success_rule({"errcode": [0]}),
    # open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: StatusCode in older answers, code in newer ones and in errors
    "feishu": success_rule({"code": [0], "StatusCode": [0]}),
    "lark": success_rule({"code": [0], "StatusCode": [0]}),
    # bark.day.app, sct.ftqq.com and pushdeer.com answer 200 with a code of their own
    "bark": success_rule({"code": [200]}, required=False),
    "barks": success_rule({"code": [200]}, required=False),
    "schan": success_rule({"code": [0], "errno": [0]}, required=False),
    "pushdeer": success_rule({"code": [0]}, required=False),
    "pushdeers": success_rule({"code": [0]}, required=False),
}
