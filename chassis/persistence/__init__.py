"""The database of a service: engine, transactions, migrations and the chassis tables. Each service has its own."""

from chassis.persistence.document_mapper import Derived, Mapper, converter
from chassis.persistence.errors import StoreConflict, StoreDamaged, StoreRefused, StoreUnavailable
from chassis.persistence.store import Hook, Store, machine_now
from chassis.persistence.tables import ChassisTables, chassis_tables
from chassis.persistence.timeouts import Timeouts
from chassis.persistence.types import Document, Instant, Position

__all__ = [
    "ChassisTables",
    "Derived",
    "Document",
    "Hook",
    "Instant",
    "Mapper",
    "Position",
    "Store",
    "StoreConflict",
    "StoreDamaged",
    "StoreRefused",
    "StoreUnavailable",
    "Timeouts",
    "chassis_tables",
    "converter",
    "machine_now",
]
