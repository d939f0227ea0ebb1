"""The demonstration: a night of New York's complaints, and the simulated people of a Chinese street who answer them.

Data files under deploy/demo say what is simulated (`scene` reads them all). `street` answers each event with acts, `replay`
files them when they fall due and moves the clock, `stage` is the embedded stack that it moves, `tally` and `report` say what
came of it. All but `stage`, `report` and `command` is free of stores and eventlet.
"""
