"""The form: text in, a search out, or which field is to blame."""

from datetime import timedelta

import pytest

from cloud.dashboard.market.form import FIELDS, Faults, asked, merged, usual
from cloud.dashboard.words import dictionary
from cloud.market.model import SearchRequest
from gateway.capacity import CapacityKind


def test_the_form_begins_with_four_hours_in_the_coming_week_on_the_plants_clock(made):
    assert usual(made.now, made.zone)["start"] == "2026-03-02T08:00"
    request = asked(made.values(), made.zone)
    assert isinstance(request, SearchRequest)
    assert (request.start, request.end) == (made.at(1), made.at(169))
    assert (request.duration, request.quantity, request.kind) == (timedelta(hours=4), 1, CapacityKind.PROCESSING)


def test_everything_that_can_be_typed_is_asked_for(made):
    typed = {
        "kind": "", "process": "milling", "hours": "2,5", "quantity": "3", "confidence": "4", "price": "400.50",
        "currency": "usd", "latitude": "48.2", "longitude": "16.4", "km": "100", "service": "svc_7", "x": "300",
        "y": "200", "z": "100", "kg": "40", "grade": "it 7", "mm": "0.02", "units": "20", "pieces": "2", "least": "1",
        "materials": "7075, 1.4301\N{FULLWIDTH COMMA}POM", "certificates": "ISO 9001;AS9100",
    }  # fmt: skip
    request = asked(made.values(**typed), made.zone)
    assert isinstance(request, SearchRequest)
    assert set(typed) <= set(FIELDS)
    assert request.kind is None
    assert request.process == "3.2.3"
    assert request.duration == timedelta(hours=2.5)
    assert str(request.max_price) == "amount=Decimal('400.50') currency='USD'"
    assert request.near is not None
    assert request.near.km == 100
    assert request.materials == ("7075", "1.4301", "POM")
    assert request.certificates == ("ISO 9001", "AS9100")
    assert request.workpiece is not None
    assert (request.workpiece.x_mm, request.workpiece.mass_kg) == (300, 40)
    assert request.tolerance is not None
    assert (request.tolerance.grade, request.tolerance.mm) == ("IT7", 0.02)
    assert request.split is not None
    assert (request.split.pieces, request.split.least, request.work_quantity) == (2, timedelta(hours=1), 20)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"start": "soon"}, "start"),
        ({"end": ""}, "end"),
        ({"end": "2026-03-01T00:00"}, "end"),
        ({"end": "2027-03-01T00:00"}, "end"),
        ({"hours": "long"}, "hours"),
        ({"hours": "0"}, "hours"),
        ({"hours": "200"}, "hours"),
        ({"quantity": "1.5"}, "quantity"),
        ({"quantity": "nan"}, "quantity"),
        ({"price": "1.23456"}, "price"),
        ({"price": "5", "currency": "euros"}, "price"),
        ({"km": "50"}, "km"),
        ({"latitude": "99", "longitude": "1", "km": "5"}, "km"),
        ({"process": "gossip"}, "process"),
        ({"x": "10"}, "x"),
        ({"grade": "IT99"}, "grade"),
        ({"pieces": "2"}, "pieces"),
        ({"pieces": "2", "least": "9"}, "least"),
        ({"pieces": "3", "least": "1", "units": "2"}, "pieces"),
        ({"service": "not an id"}, "service"),
        ({"kind": "gossip"}, "kind"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_blames_its_field_in_words_that_exist(made, typed, field):
    faults = asked(made.values(**typed), made.zone)
    assert isinstance(faults, Faults)
    assert set(faults.by_field) == {field}
    assert set(faults.by_field.values()) <= set(dictionary())


def test_of_an_address_only_fields_are_taken(made):
    values = merged(made.values(), {"process": " turning ", "hold": "hld_1", "hours": "x" * 500})
    assert values["process"] == "turning"
    assert len(values["hours"]) == 100
    assert set(values) == set(FIELDS)
