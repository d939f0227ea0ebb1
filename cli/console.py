"""`whistle console`: the web console, over the HTTP APIs of services that run elsewhere."""

import click


@click.command()
def console() -> None:
    """Run the web console until it is told to stop (SIGTERM)."""
    from console.__main__ import serve
    from console.settings import read

    serve(read())
