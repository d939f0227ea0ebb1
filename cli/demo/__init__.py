"""The demonstration: a night of New York's complaints, and the simulated people of a Chinese street who answer them.

Data files under deploy/demo say what is simulated. Nothing here does I/O but reading those files: who runs the demonstration
hears the events, files the acts when they fall due, and moves the clock.
"""
