"""The YAML loader of the project's files: YAML 1.2 with its core schema (https://yaml.org/spec/1.2.2/#103-core-schema).

Under YAML 1.1, `off`, `no` and `yes` are booleans, `14:00` is a number and `2027-01-01` is a date. Under the core schema they
are text, so that the loaded values are those the author sees. `<<` merges a mapping, as in Docker Compose's files.
"""

import re
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.resolver import VersionedResolver

_TAG = "tag:yaml.org,2002:"
_PLAIN = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
)
"""The types of a plain scalar besides text: the tag, its pattern, and the characters with which a match begins."""


_BY_FIRST: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _kind, _pattern, _firsts in _PLAIN:
    for _first in _firsts:
        _BY_FIRST.setdefault(_first, []).append((_TAG + _kind, re.compile(rf"(?:{_pattern})\Z")))


class InvalidYaml(ValueError):
    """The text is not YAML, or a mapping has a key twice. The message names the line, and never repeats a value."""


def load_yaml(text: str) -> Any:
    """Return the content of a document as plain data. Raises InvalidYaml."""
    try:
        return _yaml().load(text)
    except MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        what = ", ".join(part for part in (wrong.context, wrong.problem) if part)
        raise InvalidYaml(f"line {mark.line + 1}: {what}" if mark else what) from None
    except YAMLError as wrong:
        raise InvalidYaml(str(wrong).partition("\n")[0]) from None
    except RecursionError:
        raise InvalidYaml("nested too deeply") from None
    except (ValueError, TypeError):
        raise InvalidYaml("a value does not fit its tag") from None


def dump_yaml(content: Any) -> str:
    """Return the text of a document in block style, with keys in their order."""
    stream = StringIO()
    _yaml().dump(content, stream)
    return stream.getvalue()


class _CoreResolver(VersionedResolver):
    """Resolve plain scalars by the core schema alone, whatever version a document declares."""

    @property
    def versioned_resolver(self) -> Any:
        return _BY_FIRST


class _Constructor(SafeConstructor):
    def flatten_mapping(self, node: Any) -> Any:
        """Merge the mappings that `<<` names, after checking the mapping's own keys, which the library does not check in that
        case."""
        if getattr(node, "merge", None) is None:
            own: set[tuple[str, str]] = set()
            for key, _ in node.value:
                if isinstance(key, ScalarNode):
                    _refuse(key, key.value, seen=(str(key.tag), key.value) in own)
                    own.add((str(key.tag), key.value))
        return super().flatten_mapping(node)

    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:
        """Refuse a second value for a key. The library's own message repeats both values, which may be secret."""
        _refuse(key_node, key, seen=key in mapping)
        return True


def _refuse(node: Any, key: Any, *, seen: bool) -> None:
    if seen:
        raise MarkedYAMLError(problem=f"the key {key!r} occurs twice", problem_mark=node.start_mark)


class _Representer(SafeRepresenter):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> Any:
        """Quote a text with a character that YAML 1.1 treats as a line break: in plain style it would be read as a space."""
        style = '"' if any(character in data for character in "\x85\u2028\u2029") else None
        return self.represent_scalar(_TAG + "str", data, style=style)


_Representer.add_representer(str, _Representer.represent_text)


def _yaml() -> YAML:
    """Return a loader and dumper. It has state, so each call creates its own."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver, yaml.Constructor, yaml.Representer = _CoreResolver, _Constructor, _Representer
    yaml.default_flow_style, yaml.allow_unicode, yaml.width = False, True, 4096
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the library declares it as None
    return yaml
