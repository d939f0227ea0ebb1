"""The preflight check of `whistle run`: errors that time does not repair, and that every process of the service would meet."""

from pathlib import Path

from chassis.command_line import as_typed
from chassis.errors import StartupError
from chassis.messaging.amqp.connection import BrokerRefused, check_account
from chassis.persistence import StoreDamaged, StoreRefused, StoreUnavailable
from chassis.persistence.engine import check_file
from chassis.persistence.version import NotMigrated, require_current


def check_accounts(service: str, path: Path) -> None:
    """Check that there is an accounts file; `Identities.load` checks its content. Raises StartupError."""
    if not path.is_file():
        shown = "deploy/identities.example.yaml shows one"
        raise StartupError(f"{service}: there is no accounts file {path}; {_see('IDENTITIES', service)}, {shown}")


def check_store(service: str, package: str, url: str) -> None:
    """Check the database's version, file and password. Raises StartupError."""
    try:
        check_file(url)
        require_current(package, url)
    except NotMigrated as wrong:
        raise StartupError(f"{service}: {wrong}; run `{as_typed(f'migrate {service}')}`") from None
    except StoreRefused as wrong:
        raise StartupError(f"{service}: the database lets nobody in: {wrong}; {_see('DATABASE_URL', service)}") from None
    except StoreDamaged as wrong:
        raise StartupError(f"{service}: {wrong}") from None
    except StoreUnavailable:
        return  # the service waits for it, and says so


def check_broker(service: str, url: str) -> None:
    """Check the broker account. Raises StartupError."""
    try:
        check_account(url, f"{service}.start")
    except BrokerRefused as wrong:
        raise StartupError(f"{service}: the broker lets nobody in: {wrong}; {_see('AMQP_URL', service)}") from None


def _see(key: str, service: str) -> str:
    return f"see WHISTLE_{service.upper()}_{key} or WHISTLE_{key}"
