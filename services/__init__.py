"""The four services. Each has the same doors: service, domain, store, api, metrics, migrations."""
