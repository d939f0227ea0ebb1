"""Events of the dispatch service: its directory, and the work on a case with its deadlines. One module per entity."""

from contracts.events.dispatch.assignment import *
from contracts.events.dispatch.case import *
from contracts.events.dispatch.deadline import *
from contracts.events.dispatch.directory import *
from contracts.events.dispatch.joint_action import *
from contracts.events.dispatch.mediation import *
