"""The event contracts, one module or package per producer. Importing this package registers every contract."""

from contracts.events import dispatch, intake, ledger, notify, sequences, tickets

__all__ = ["dispatch", "intake", "ledger", "notify", "sequences", "tickets"]
