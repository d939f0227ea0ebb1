"""A service's own database, and the tables that the chassis keeps in it."""

from chassis.store.errors import StoreConflict, StoreDamaged, StoreRefused, StoreUnavailable
from chassis.store.mapper import Mapper, converter
from chassis.store.patience import Patience
from chassis.store.store import Hook, Store, machine_now
from chassis.store.tables import ChassisTables, chassis_tables
from chassis.store.types import Document, Instant, Position

__all__ = [
    "ChassisTables",
    "Document",
    "Hook",
    "Instant",
    "Mapper",
    "Patience",
    "Position",
    "Store",
    "StoreConflict",
    "StoreDamaged",
    "StoreRefused",
    "StoreUnavailable",
    "chassis_tables",
    "converter",
    "machine_now",
]
