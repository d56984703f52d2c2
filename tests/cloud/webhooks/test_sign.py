"""The signature, held against the reference library of Standard Webhooks."""

import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from cloud.webhooks.model import SCHEDULE, new_secret, next_try
from cloud.webhooks.sign import headers

BODY = b'{"type":"booking.changed","timestamp":"2026-03-02T06:00:00Z","data":{"id":"bkg_1"}}'


def test_the_reference_library_accepts_what_we_sign():
    text, raw = new_secret()
    told = headers(raw, "dlv_1", int(time.time()), BODY)
    assert Webhook(text).verify(BODY.decode(), dict(told)) == {
        "type": "booking.changed",
        "timestamp": "2026-03-02T06:00:00Z",
        "data": {"id": "bkg_1"},
    }


@pytest.mark.parametrize("change", ["body", "id", "time", "secret"])
def test_control_whatever_is_changed_on_the_way_is_noticed(change):
    text, raw = new_secret()
    told = dict(headers(raw, "dlv_1", int(time.time()), BODY))
    body = BODY
    match change:
        case "body":
            body = BODY.replace(b"bkg_1", b"bkg_2")
        case "id":
            told["webhook-id"] = "dlv_2"
        case "time":
            told["webhook-timestamp"] = str(int(time.time()) - 1)
        case "secret":
            text = new_secret()[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(text).verify(body.decode(), told)


def test_a_delivery_is_tried_ten_times_over_three_days():
    waits = [next_try(attempts) for attempts in range(1, 11)]
    assert waits == [*SCHEDULE, None]
    assert 3 < sum(wait.total_seconds() for wait in SCHEDULE) / 86_400 < 4
