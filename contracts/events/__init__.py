"""One module, or package, per producer. Importing this package publishes every contract."""

from contracts.events import dispatch, intake, ledger, notify, sequences, tickets

__all__ = ["dispatch", "intake", "ledger", "notify", "sequences", "tickets"]
