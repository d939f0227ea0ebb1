"""Projections of the log: the points and the ticket records, both kept in the transaction of the entry they follow from."""
