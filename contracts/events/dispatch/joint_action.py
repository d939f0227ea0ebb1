"""Joint action (部门联动): several units called together under one lead."""

from contracts import fields
from contracts.envelope import EventSchema


class _JointAction(EventSchema):
    joint_action = fields.ident("joint action's id")


class JointActionCalled(_JointAction):
    """Several units are called together; exactly one leads."""

    type = "joint_action.called.v1"
    producer = "dispatch"

    lead = fields.ident("lead unit")
    units = fields.idents("every unit that must finish or be excused, the lead among them")
    report_in_by = fields.instant("by when each is to report in", optional=True)


class _UnitStep(_JointAction):
    unit = fields.ident("the unit")


class JointActionUnitReportedIn(_UnitStep):
    """A called unit is there and working."""

    type = "joint_action.unit_reported_in.v1"
    producer = "dispatch"

    on_time = fields.flag("before its clock ran out")


class JointActionUnitFinished(_UnitStep):
    """A called unit did its part."""

    type = "joint_action.unit_finished.v1"
    producer = "dispatch"


class JointActionUnitExcused(_UnitStep):
    """A called unit need not, by the supervisor's ruling."""

    type = "joint_action.unit_excused.v1"
    producer = "dispatch"

    by = fields.ident("the supervisor")


class JointActionCompleted(_JointAction):
    """Every required unit finished or was excused."""

    type = "joint_action.completed.v1"
    producer = "dispatch"
