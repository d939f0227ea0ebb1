"""Open311 GeoReport v2: a second API, for clients that know the standard and not us.

`service_catalog` and `boundaries` read the deployment's files, `entrypoints`, `parsing` and `rendering` speak the standard,
`form_mapping` makes a whistle of a form, `views` shows tickets, and `api` has the operations.
"""
