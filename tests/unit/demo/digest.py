"""Run as a program: what is said about every seventh whistle, as one digest. Two processes must print the same."""

import hashlib
from dataclasses import replace

from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import CONFIG

if __name__ == "__main__":
    chain = Chain(replace(CONFIG, whistles=CONFIG.whistles[::7])).run()
    print(hashlib.sha256("\n".join(map(repr, chain.heard)).encode()).hexdigest())
