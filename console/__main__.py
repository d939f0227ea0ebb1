"""Run the console: ``python -m console``. `whistle console` does the same."""

import logging
import socket
import sys

import uvicorn

from chassis.errors import OperatorError, listening
from chassis.observability import logs
from console.app import application
from console.metrics import ConsoleMetrics
from console.settings import ConsoleSettings, read


def main() -> None:
    """Serve until SIGTERM or SIGINT. An operator's error ends the process with one line."""
    try:
        serve(read())
    except OperatorError as wrong:
        sys.exit(f"Error: {wrong}")


def serve(settings: ConsoleSettings) -> None:
    """Serve the pages. Raises OperatorError."""
    logs.configure("console", settings.log_level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and one may hold the token of a link
    host, _, port = settings.http.rpartition(":")
    metrics = ConsoleMetrics()
    config = uvicorn.Config(
        application(settings, metrics),
        host=host,
        port=int(port),
        log_config=None,
        access_log=False,  # an address may hold the token of a link
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies or None,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=20,
        limit_concurrency=500,
        h11_max_incomplete_event_size=16_384,
    )
    with listening("console", "HTTP", settings.http):
        sock = socket.create_server((host, int(port)), backlog=256)
    metrics.serve(settings.ops)
    uvicorn.Server(config).run([sock])


if __name__ == "__main__":
    main()
