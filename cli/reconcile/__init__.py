"""`whistle reconcile`: read the four stores into one snapshot, then check it for what is lost or happened twice."""
