"""A text fits its channel in the channel's own unit, cuts no character in two, and has the address and our link whole."""

from __future__ import annotations

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.untrusted_text import without_links
from contracts.limits import ADDRESS
from services.notify.domain.channels import Channel
from services.notify.domain.message import Part, PartKind, joined, link_spans, parts_of
from services.notify.domain.message_size import Limit, Unit, measure, segments
from services.notify.transport.truncation import fit_text, neutralize_markup

LINK = "https://street.example/t/TMFQWCZLOEBSG44DF/rate?token=WyJUTUZRV0Na.c2lnbmF0dXJl_x"
FAMILY = "👩‍👩‍👧‍👦"
PIECES = st.sampled_from(
    [FAMILY, "👍🏽", "🇨🇳", "e\u0301", "नि", "漏", "水", "a", "€", "[", " ", "\n", "é", "各", "https://evil.example/x", "1️⃣"]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=120).map("".join))
ADDRESSES = st.one_of(st.text(max_size=ADDRESS), st.lists(PIECES, max_size=20).map("".join).map(lambda text: text[:ADDRESS]))
UNITS = st.sampled_from(list(Unit))
LEAST = {unit: max(measure("\U0001f600" * ADDRESS, unit), measure(LINK, unit)) for unit in Unit}
"""The smallest size of each unit that a channel's file may give."""


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    """A limit that the configuration allows."""
    unit = draw(UNITS)
    return Limit(LEAST[unit] + draw(st.integers(0, LEAST[unit])), unit)


def assignment(matter: str, address: str) -> list[Part]:
    """The notice of an assignment, in two languages."""
    return [
        Part(PartKind.WORDS, "Ticket T1 is assigned to you. Please sign. Matter: "), Part(PartKind.MATTER, matter),
        Part(PartKind.WORDS, " Address: "), Part(PartKind.ADDRESS, address),
        Part(PartKind.WORDS, "\n工单T1已派给您，请及时签收。内容："), Part(PartKind.MATTER, matter),
        Part(PartKind.WORDS, " 地址："), Part(PartKind.ADDRESS, address),
    ]  # fmt: skip


@given(TEXTS, ADDRESSES, limits(), st.booleans())
@example(FAMILY * 300, "3号楼", Limit(2048, Unit.UTF8_BYTES), False)
@example("😀" * 2000, "3号楼", Limit(2048, Unit.UTF8_BYTES), True)
def test_a_text_fits_with_its_address_whole(matter: str, address: str, limit: Limit, renders_markup: bool) -> None:
    told = fit_text(assignment(matter, address), [limit], renders_markup)
    assert told is not None
    assert limit.allows(told)
    assert (neutralize_markup(address) if renders_markup else address) in told


@given(TEXTS, limits())
def test_a_text_fits_with_our_link_whole_and_apart(matter: str, limit: Limit) -> None:
    parts = [
        Part(PartKind.WORDS, "请评价 "),
        Part(PartKind.MATTER, matter),
        Part(PartKind.WORDS, "："),
        Part(PartKind.LINK, LINK),
    ]
    told = fit_text(parts, [limit], renders_markup=True)
    assert told is not None
    assert limit.allows(told)
    assert told.endswith(LINK)


@given(TEXTS, limits())
def test_the_matter_ends_between_two_grapheme_clusters(matter: str, limit: Limit) -> None:
    told = fit_text([Part(PartKind.WORDS, "内容："), Part(PartKind.MATTER, matter), Part(PartKind.WORDS, "。")], [limit])
    assert told is not None
    kept = told.removeprefix("内容：").removesuffix("。")
    if kept != matter:
        kept = kept.removesuffix("…")
        clusters, heads = regex.findall(r"\X", matter), {""}
        for cluster in clusters:
            heads.add(max(heads, key=len) + cluster)
        assert kept in heads


def test_as_much_of_the_matter_is_told_as_fits() -> None:
    parts = [
        Part(PartKind.WORDS, "内容："),
        Part(PartKind.MATTER, "漏水" * 50),
        Part(PartKind.WORDS, " 地址："),
        Part(PartKind.ADDRESS, "3号楼"),
    ]
    for unit, size in ((Unit.CHARACTERS, 40), (Unit.UTF8_BYTES, 100), (Unit.UTF16_UNITS, 40)):
        told = fit_text(parts, [Limit(size, unit)])
        assert told is not None
        assert told.endswith("… 地址：3号楼")
        assert size - 3 < measure(told, unit) <= size


def test_words_give_way_before_address_and_link() -> None:
    parts = [
        Part(PartKind.WORDS, "请及时签收。内容："),
        Part(PartKind.MATTER, "漏水" * 50),
        Part(PartKind.WORDS, " 地址："),
        Part(PartKind.ADDRESS, "阳光家园3号楼"),
    ]
    assert fit_text(parts, [Limit(14)]) == "请及时签收… 阳光家园3号楼"
    assert fit_text(parts, [Limit(8)]) == "阳光家园3号楼"
    assert fit_text(parts, [Limit(6)]) is None


def test_a_vendors_limit_holds_whatever_the_channels_size_is() -> None:
    told = fit_text(
        assignment(FAMILY * 300, "3号楼"), Channel("wecom", "wecombot://key", size=2000).limits, renders_markup=True
    )
    assert told is not None
    assert len(told.encode()) <= 2048


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("a" * 152 + "€" * 5, 2),
        ("a" * 152 + "€" + "a" * 153, 3), ("漏" * 70, 1), ("漏" * 71, 2), ("漏" * 134, 2), ("漏" * 135, 3), ("😀" * 35, 1),
        ("😀" * 36, 2), ("😀" * 66, 2), ("😀" * 67, 3),
    ],
)  # fmt: skip
def test_short_messages_are_counted_as_operators_count_them(text: str, number: int) -> None:
    assert segments(text) == number


@given(st.text(), st.text(max_size=3), UNITS)
def test_a_longer_text_is_never_shorter(text: str, more: str, unit: Unit) -> None:
    assert measure(text + more, unit) >= measure(text, unit)


@given(st.lists(st.builds(Part, st.sampled_from(list(PartKind)), st.text(max_size=9))))
def test_the_parts_of_a_text_are_found_again(parts: list[Part]) -> None:
    text, spans = joined(parts)
    again = list(parts_of(text, spans))
    assert "".join(part.text for part in again) == text
    assert joined(again) == (text, spans)


def test_a_notice_of_an_earlier_version_keeps_its_link() -> None:
    text = "内容很长" * 50 + " " + LINK
    told = fit_text(list(parts_of(text, link_spans(text))), [Limit(100)])
    assert told is not None
    assert told.endswith(f"… {LINK}")


@pytest.mark.parametrize(
    "text", ["http://evil.example/x", "www.evil.example", "evil.com", "写信a@b.example", "10.0.0.1/x", "看https://短.cn/a"]
)
def test_a_residents_link_is_no_link_any_more(text: str) -> None:
    inert = without_links(text)
    assert len(inert) == len(text)
    assert regex.search(r"://|\w\.\p{L}|\d\.\d", inert) is None


@pytest.mark.parametrize("text", ["3.5吨", "2.1元/吨", "3-2-201室", "a.m.", "坏了. 请来", "12345"])
def test_what_is_no_link_stays(text: str) -> None:
    assert without_links(text) == text


def test_markup_of_chat_services_is_only_text() -> None:
    matter = '<at user_id="all">所有人</at> [点此](x) **急** `x` <!channel> @所有人 # 标题'
    told = fit_text([Part(PartKind.MATTER, matter), Part(PartKind.LINK, LINK)], [Limit(999)], renders_markup=True)
    assert told is not None
    assert not set("<>[]*`@#") & set(told.removesuffix(LINK))
    assert told.endswith(LINK)
    plain = fit_text([Part(PartKind.MATTER, matter)], [Limit(999)])
    assert plain == matter
