"""The microservice chassis: how events come in, take effect once, and go out. It knows no business word."""
