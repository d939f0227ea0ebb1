"""What an operator can mend."""


class Mendable(Exception):
    """The message says what is wrong, and what to do, in one line: the command line prints it without a traceback."""
