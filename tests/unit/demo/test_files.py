"""The demonstration's files: what is shipped fits together, and what is wrong is named."""

import csv
import shutil
from pathlib import Path

import pytest

from chassis.configuration.identities import Identities
from chassis.configuration.yaml_core import dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig
from cli.demo.config import REQUESTS, read_demo_config
from cli.demo.rules import Situation
from cli.demo.town import DESK
from cli.deployment_dir import DeploymentDir
from cli.directory import checked
from contracts.codes import Role
from services.dispatch.domain.playbook import choose
from tests.unit.demo.shipped import BOOK, CALENDAR, COMPLAINTS, CONFIG, DEMO, DEPLOY, DIRECTORY


def rows() -> list[dict[str, str]]:
    """The requests as they are in the file."""
    with (DEMO / REQUESTS).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_complaint_type_and_every_board_is_listed_and_no_other() -> None:
    assert COMPLAINTS.kinds.keys() == {row["complaint_type"] for row in rows()}
    assert load_yaml((DEMO / "boards.yaml").read_text("utf-8"))["boards"].keys() == {row["community_board"] for row in rows()}


def test_a_category_is_either_the_playbooks_or_is_referred_elsewhere() -> None:
    for category in COMPLAINTS.categories.values():
        assert (choose((BOOK,), category.code) is None) == (category.refer is not None), category.code


def test_every_ticket_of_the_playbook_has_a_mediator_a_lead_and_supervisors() -> None:
    for one in CONFIG.whistles:
        if one.refer is None:
            places = DIRECTORY.places(one.data.get("estate"), one.data["area"])
            for call in (BOOK.ladder[1].to, BOOK.ladder[2].to, *BOOK.ladder[2].co_units, BOOK.verify, *BOOK.supervisors):
                found = DIRECTORY.fitting(call.role, places[call.of], one.data["category"])
                assert len(found) == 1, (one.id, call, found)


def test_an_estates_own_company_comes_first_and_has_one_stand_in() -> None:
    for community in {one.community for one in CONFIG.whistles}:
        for estate in community.estates:
            first, *others = DIRECTORY.fitting(Role.PROPERTY, estate, "noise")
            assert first.id == f"{estate}-property"
            assert len(others) == 1


def test_the_directory_is_one_that_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "directory.yaml"
    file.write_text(dump_yaml(CONFIG.town.directory()))
    loaded = checked(load_yaml(file.read_text()), "the town")
    codes = [one["code"] for part in ("areas", "responders") for one in loaded[part]]
    assert len(codes) == len(set(codes))
    areas = {one["code"] for one in loaded["areas"]}
    assert {one["parent"] for one in loaded["areas"]} - {None} <= areas
    assert {area for one in loaded["responders"] for area in one["areas"]} <= areas


def test_one_account_speaks_for_every_unit_and_none_handles_and_verifies(tmp_path: Path) -> None:
    home = DeploymentDir(tmp_path)
    home.prepare(CONFIG.town.accounts(), DEPLOY, 0)
    identities = Identities.load(tmp_path / "identities.yaml")
    for unit in CONFIG.town.units.values():
        account = identities.by_user(unit.account)
        assert account is not None
        assert account.speaks_for(unit.code)
        assert "responder" in account.roles
    verifiers = {unit.account for unit in CONFIG.town.units.values() if unit.meets is Situation.GRID_WORKER}
    assert verifiers.isdisjoint(unit.account for unit in CONFIG.town.units.values() if unit.meets is not Situation.GRID_WORKER)
    desk = identities.by_token(home.tokens()[DESK])
    assert desk is not None
    assert {"desk", "reader"} <= desk.roles
    for producer in {one.account for one in CONFIG.whistles}:
        account = identities.by_user(producer)
        assert account is not None
        assert account.roles == {"producer"}


@pytest.mark.parametrize(
    ("file", "was", "becomes", "named"),
    [
        ("complaints.yaml", "New Tree Request: {category: trees", "New Tree Request: {category: tree", "complaints.New Tree"),
        ("complaints.yaml", "place: estate, dispute: true", "place: house", "complaints.WATER LEAK.value.place"),
        ("complaints.yaml", "leak: {zh: 漏水, urgency: E1}", "leak: {zh: 漏水, urgency: E9}", "categories.leak.value.urgency"),
        ("complaints.yaml", "rodent, place: estate", "rodent, place: estate, urgency: E3", "a whistle cannot lower E2"),
        ("complaints.yaml", "  Rodent: {category: rodent, place: estate}\n", "", "row 17: complaint_type: 'Rodent'"),
        ("complaints.yaml", "categories:", "categoriez:", "categoriez"),
        ("boards.yaml", "street: bronx-south}\n  02", "street: bronx-west}\n  02", "boards.01 BRONX.street: 'bronx-west'"),
        ("boards.yaml", "街道, district: bronx}", "街道, district: brox}", "streets.bronx-south.district: 'brox'"),
        ("boards.yaml", "community: bronx-02", "community: bronx-01", "two areas have the same code"),
        ("boards.yaml", "grids: 2", "grids: 0", "grids"),
        ("behaviour.yaml", "extend: 1h..4h", "extend: 4h..1h", "property.courses.asks_for_time.3.extend: '4h..1h': ends"),
        ("behaviour.yaml", "rule: 30wmin..4wh", "rule: 30min..4wh", "situations.returned.courses.rules.0.rule"),
        ("behaviour.yaml", "hand_up: 30min..6h", "hand_down: 30min..6h", "situations.property"),
        ("behaviour.yaml", "weights: {passes: 91", "weights: {pases: 91", "no such course: pases"),
        ("behaviour.yaml", "weights: {rules: 1}", "weights: {rules: 0}", "situations.returned.value.weights"),
        ("behaviour.yaml", "weights: {rules: 1}", "weights: {rules: -1}", "situations.returned.value.weights"),
        ("behaviour.yaml", "lax: {handles: 30", "lazy: {handles: 30", "situations.property.by_character"),
        ("behaviour.yaml", "  agreed: #", "  agrees: #", "situations"),
        ("behaviour.yaml", "grid: 5min", "grid: often", "grid: 'often' is no duration"),
        ("behaviour.yaml", "grid: 5min", "grid: 0min", "grid"),
        ("behaviour.yaml", "proof: 10", "proof: some", "proof"),
        ("behaviour.yaml", "start: 2026-03-02", "start: monday", "start"),
        ("behaviour.yaml", "pace: {E0: 0.15", "pace: {E0: 0", "pace"),
        ("behaviour.yaml", "categories: [trees]", "categories: [rodent]", "departments: two lead the same category"),
        ("behaviour.yaml", "categories: [trees]", "categories: [tres]", "departments: no such category: tres"),
        ("behaviour.yaml", "rodent, air_quality", "rodent", "departments: nobody leads air_quality"),
        (REQUESTS, '"60879417","2024-04-16T', '"60879417","soon', "row 1: created_date"),
        (REQUESTS, '"60879417"', '"60872531"', "unique_key: two rows have the same"),
        (REQUESTS, '"13 QUEENS"', '"99 QUEENS"', "row 1: community_board: '99 QUEENS'"),
        (REQUESTS, '"descriptor"', '"description"', "columns: missing descriptor"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_file_path_and_reason(
    file: str, was: str, becomes: str, named: str, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    text = (folder / file).read_text("utf-8")
    assert was in text
    (folder / file).write_text(text.replace(was, becomes, 1), "utf-8")
    with pytest.raises(BadConfig) as refused:
        read_demo_config(folder, CALENDAR)
    assert str(refused.value).startswith(str(folder))
    assert named in str(refused.value)
    assert file in str(refused.value) or REQUESTS in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"complaints\.yaml"):
        read_demo_config(tmp_path, CALENDAR)
