"""The stored document of a case: JSON whose field names stay what they were when the first cases were stored.

A level run is stored under ``rungs``, and the state of its response under the response's own `document_key`; an assignment
stores the index of its level as ``rung``.
"""

from collections.abc import Mapping
from typing import Any

from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from chassis.persistence import converter
from services.dispatch.domain.case import Case
from services.dispatch.domain.entities import Assignment, LevelRun, LevelRunState
from services.dispatch.domain.responses import all_responses
from services.dispatch.domain.responses.mediate import Mediation


def _level_run_document(run: LevelRun) -> dict[str, Any]:
    document: dict[str, Any] = {"index": run.index, "generation": run.generation, "state": run.state.value}
    for response in all_responses():
        if response.state_class is not None:
            state = run.response_state if type(run.response_state) is response.state_class else None
            document[response.document_key] = converter.unstructure(state)
    return document


def _level_run(document: Mapping[str, Any], _: Any) -> LevelRun:
    run = LevelRun(document["index"], document["generation"], LevelRunState(document["state"]))
    for response in all_responses():
        state = document.get(response.document_key)
        if response.state_class is not None and state is not None:
            run.response_state = converter.structure(state, response.state_class)
    return run


def register() -> None:
    """Teach the store's converter how cases are stored."""
    # added after the first cases were stored: a document without it stays as it is
    newer = make_dict_unstructure_fn(Mediation, converter, withdrawn=override(omit_if_default=True))
    converter.register_unstructure_hook(Mediation, newer)
    converter.register_unstructure_hook(LevelRun, _level_run_document)
    converter.register_structure_hook(LevelRun, _level_run)
    for cls, renamed in ((Assignment, {"level_index": "rung"}), (Case, {"level_runs": "rungs"})):
        overrides: Any = {name: override(rename=stored) for name, stored in renamed.items()}
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter, **overrides))
        converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, **overrides))
