"""Open311 GeoReport v2: a second front door, for clients that know the standard and not us.

`offer` and `map` read what the deployment says of it, `door` and `rendering` speak the standard, `api` is what is answered.
"""
