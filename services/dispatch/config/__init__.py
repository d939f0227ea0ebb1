"""The configuration of dispatch: playbooks, clocks and the working calendar. It is read and checked once, at start.

Each error names file, path within it and reason.
"""

from services.dispatch.config.clocks import load_clocks
from services.dispatch.config.dispatch_config import DispatchConfig, read_config
from services.dispatch.config.playbooks import load_playbook, load_playbooks, load_police_matters

__all__ = ["DispatchConfig", "load_clocks", "load_playbook", "load_playbooks", "load_police_matters", "read_config"]
