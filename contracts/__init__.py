"""The published language of the services: events, HTTP operations, and the subscriptions of each service."""
