"""Reading an operator's settings and files: environment variables, YAML, identities."""
