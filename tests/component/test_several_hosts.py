"""Several nodes in one URL: every connection of ours goes to the first that answers and lets us in."""

from __future__ import annotations

import threading

import pytest
from amqp.exceptions import AccessRefused

from chassis.messaging.amqp import AmqpBus, connect
from chassis.messaging.amqp.connection import BrokerRefused, check_account
from chassis.messaging.bus import ALL_CONFIRMED, Letter
from chassis.messaging.cloudevents_codec import Message
from tests.component.broker import Broker, Road
from tests.component.counting import report
from tests.kit.processes import free_port, wait_until


@pytest.fixture
def urls(broker: Broker) -> str:
    """Two nodes that are dead, then the living one, with white space as in an environment file."""
    dead = [broker.url.replace(f":{broker.server.port}/", f":{free_port()}/") for _ in range(2)]
    return f"{dead[0]}; {dead[1]};{broker.url}"


def test_publisher_consumer_and_safety_net_reach_the_living_node(urls: str, broker: Broker) -> None:
    bus, got, stop = AmqpBus(urls), list[Message](), threading.Event()
    queue = broker.queue_over_net()
    publisher = bus.publisher("tests")
    letter = Letter("1", "", queue, report("a", "1"), mandatory=True)
    assert publisher.publish([letter]) == ALL_CONFIRMED
    consumer = bus.consumer(queue, lambda messages: got.extend(messages), lambda: None, lambda _: None)
    thread = threading.Thread(target=consumer.run, args=(stop,), daemon=True)
    thread.start()
    wait_until(lambda: len(got) == 1, "it came", 20)
    stop.set()
    thread.join(20)
    publisher.close()
    assert got[0].user_id == broker.server.user
    net = bus.dead_letter_queue("tests", {queue: lambda _: None})
    assert net.drain() == 0
    check_account(urls, "tests")


def test_a_connection_that_is_lost_goes_to_the_next_node(broker: Broker) -> None:
    first = Road(broker.url)
    first.open()
    publisher = AmqpBus(f"{first.url};{broker.url}").publisher("tests")
    letter = Letter("1", "amq.topic", "x", report("a", "1"), mandatory=False)
    assert publisher.publish([letter]) == ALL_CONFIRMED
    first.close()
    first.cut()
    publisher.keep_alive()
    assert publisher.publish([letter]) == ALL_CONFIRMED
    publisher.close()


def test_where_no_node_lets_us_in_the_refusal_is_told_and_not_who_is_away(broker: Broker) -> None:
    wrong = broker.url.replace(broker.server.password, "wrong")
    dead = broker.url.replace(f":{broker.server.port}/", f":{free_port()}/")
    with pytest.raises(AccessRefused):
        connect(f"{dead};{wrong};{dead}", "tests")
    with pytest.raises(BrokerRefused):
        check_account(f"{dead};{wrong};{dead}", "tests")
    check_account(f"{dead};{dead}", "tests")  # nobody answers: an outage, which is waited for
    connect(f"{wrong};{broker.url}", "tests").release()
