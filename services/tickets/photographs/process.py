"""The process that makes one picture anew and stores it: ``python -m services.tickets.photographs.process DIRECTORY TYPE``.

It reads the file from standard input and writes one line of JSON. Its memory and computing time are limited, so that a hostile
file can end this process at most.
"""

import json
import resource
import sys
from pathlib import Path

from contracts.photographs import TOO_MANY_PIXELS

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: the largest picture that is read needs about half of it."""
CPU_SECONDS = 15
FILES = 64


def main() -> None:
    """Make the picture of standard input anew, store it, and write what it is; or the reason of a refusal."""
    directory, media_type = sys.argv[1:]
    _limit()
    print(json.dumps(_stored(Path(directory), media_type, sys.stdin.buffer.read())))


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would have the picture


def _stored(directory: Path, media_type: str, content: bytes) -> dict[str, object]:
    # after the limits, which the libraries behind these then keep, too
    from services.tickets.photographs.file_store import FileStore
    from services.tickets.photographs.image import BadImage, made_anew

    try:
        made = made_anew(content, media_type)
    except BadImage as bad:
        return {"refused": bad.reason}
    except MemoryError:
        return {"refused": TOO_MANY_PIXELS}
    return {
        "digest": FileStore(directory).write(made.content),
        "bytes": len(made.content),
        "width": made.width,
        "height": made.height,
        "lat": made.location.lat if made.location else None,
        "lon": made.location.lon if made.location else None,
    }


if __name__ == "__main__":
    main()
