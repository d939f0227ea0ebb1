"""How residents can be reached: one number, however it is written, and a matter is taken on even where the number is wrong."""

import json

from tests.kit.chain import Chain


def test_a_number_is_one_number_however_it_is_written(chain: Chain) -> None:
    first = chain.whistle("noise", reporter={"name": "王阿姨", "phone": "０２９－８８８８００００", "locale": "zh"})
    chain.expect_notice(first, "ticket_opened")
    query = "SELECT body FROM outbox WHERE type = 'contact.recorded.v1' AND subject = %s"
    ((body,),) = chain.stack.rows("tickets", query, first)
    assert json.loads(bytes(body))["phone"] == "+862988880000"
    again = chain.whistle_again(first, "noise", reporter={"name": "王阿姨", "phone": "+86 29 8888 0000", "locale": "zh"})
    chain.expect(again, "ticket.merged", into=first)
    chain.order(first, "parkings", reason="no_money", review_at="2199-01-01T00:00:00+08:00")
    chain.expect_notice(first, "ticket_parked")
    chain.never(again, "notification.sent", template="ticket_parked")
