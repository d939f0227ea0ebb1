"""The web console: pages for duty officers, responders and residents, over the HTTP APIs of the four services.

It has no database. Each page asks the services with the authority of the person who is signed in, or with the signed link of a
notice, so that the services decide who may read and do what.
"""
