"""The dispatch service decides who works on a ticket and by when: directory, playbooks, assignments, clocks, escalation.

It never talks to people.
"""
