"""Joint action (部门联动): several units called together under one lead."""

from datetime import datetime

from contracts import fields
from contracts.payload import EventPayload


class _JointAction(EventPayload):
    joint_action: str = fields.ident("joint action's id")


class JointActionCalled(_JointAction):
    """Several units were called together; exactly one leads."""

    type = "joint_action.called.v1"
    producer = "dispatch"
    identity = ("joint_action",)

    lead: str = fields.ident("lead unit")
    units: list[str] = fields.idents("every unit that must finish or be excused, the lead among them")
    report_in_by: datetime | None = fields.instant("by when each is to report in", default=None)


class _UnitStep(_JointAction):
    unit: str = fields.ident("the unit")


class JointActionUnitReportedIn(_UnitStep):
    """A called unit is there and working."""

    type = "joint_action.unit_reported_in.v1"
    producer = "dispatch"
    identity = ("joint_action", "unit")

    on_time: bool = fields.flag("before its clock ran out")


class JointActionUnitFinished(_UnitStep):
    """A called unit finished its part."""

    type = "joint_action.unit_finished.v1"
    producer = "dispatch"
    identity = ("joint_action", "unit")


class JointActionUnitExcused(_UnitStep):
    """The supervisor's ruling excused a called unit."""

    type = "joint_action.unit_excused.v1"
    producer = "dispatch"
    identity = ("joint_action", "unit")

    by: str = fields.ident("the supervisor")


class JointActionCompleted(_JointAction):
    """Every required unit finished or was excused."""

    type = "joint_action.completed.v1"
    producer = "dispatch"
    identity = ("joint_action",)
