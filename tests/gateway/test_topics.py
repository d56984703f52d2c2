"""Topics: one stable partition per agent, and no topic that is not ours."""

import pytest

from gateway.topics import PARTITIONS, Channel, Topic, TopicUnknown, filter_for, parse, partition


def test_an_agent_keeps_its_partition_for_ever() -> None:
    assert partition("agt_demo") == 86
    assert {partition(f"agt_{number}") for number in range(5000)} == set(range(PARTITIONS))


@pytest.mark.parametrize("channel", list(Channel))
def test_a_topic_is_read_as_it_was_written(channel: Channel) -> None:
    assert parse(str(Topic("agt_demo", channel))) == Topic("agt_demo", channel)


@pytest.mark.parametrize(
    "text",
    ["ts/1/0/agt_demo/up", "ts/2/153/agt_demo/up", "ts/1/86/agt_demo/sideways", "ts/1/153/agt_demo", "x", ""],
)
def test_what_is_not_our_topic_is_refused(text: str) -> None:
    with pytest.raises(TopicUnknown):
        parse(text)


@pytest.mark.parametrize("name", ["a/b", "+", "#", "", "a" * 65])
def test_an_agent_that_would_break_out_of_its_topic_is_refused(name: str) -> None:
    with pytest.raises(TopicUnknown, match="can't stand in a topic"):
        Topic(name, Channel.UP)


def test_a_subscription_takes_one_partition_or_all() -> None:
    assert filter_for(Channel.UP, 7) == "ts/1/7/+/up"
    assert filter_for(Channel.DOWN_ACK) == "ts/1/+/+/down-ack"
