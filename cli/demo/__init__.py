"""The demonstration: a night of New York's complaints, and the simulated people of a Chinese street who answer them.

The files of deploy/demo configure the simulation (`config` reads them all). `simulated_people` answers each event with acts,
`replay` submits them when they fall due and moves the clock, `stack` is the embedded stack that it drives, `statistics` and
`report` make the result. All modules but `stack`, `report` and `command` are free of stores and eventlet.
"""
