"""Templates: read and checked once, at start."""

from functools import cached_property
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import BadConfig, read_yaml
from chassis.nameko import RUNTIME_KEY
from services.notify.domain.notice import Templates

USED = ("ticket_opened", "ticket_verified", "ticket_closed", "ticket_unattended", "assignment_made", "case_exhausted")


class NoticeTemplates(DependencyProvider):
    """The deployment's `notices.yaml`: {fallback, templates: {name: {locale: text}}}."""

    def setup(self) -> None:
        _ = self.templates

    @cached_property
    def templates(self) -> Templates:
        """Raises BadConfig at start, naming the template and locale that is missing."""
        path = self.container.config[RUNTIME_KEY].settings.config_dir / "notices.yaml"
        loaded = read_yaml(path)
        try:
            fallback, texts = loaded["fallback"], loaded["templates"]
        except (KeyError, TypeError):
            raise BadConfig(f"{path}: want the keys fallback and templates") from None
        for name in USED:
            if fallback not in (texts.get(name) or {}):
                raise BadConfig(f"{path}: templates.{name}.{fallback}: missing")
        return Templates(texts, fallback)

    def get_dependency(self, worker_ctx: Any) -> Templates:
        return self.templates
