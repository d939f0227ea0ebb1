"""The command line: the program `whistle`."""
