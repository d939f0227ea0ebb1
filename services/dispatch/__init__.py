"""Who works on it and by when: directory, playbooks, assignments, clocks, escalation. It never talks to people."""
