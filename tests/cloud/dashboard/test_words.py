"""The dictionary says all that the page says, in each language alike."""

import re
from pathlib import Path
from string import Formatter

import pytest

import cloud.dashboard
from cloud.booking.model import State
from cloud.dashboard.words import LANGUAGES, Words, dictionary, preferred
from gateway.capacity import CapacityType, Confidence, Reason
from gateway.machine import ItemState, OperationMode

SOURCES = [path.read_text() for path in Path(cloud.dashboard.__file__).parent.rglob("*.py")]

SPOKEN = {
    "state": ItemState,
    "mode": OperationMode,
    "type": CapacityType,
    "reason": Reason,
    "booking": set(State) - {State.CONSUMED},
    "confidence": [str(int(band)) for band in Confidence],
}


@pytest.mark.parametrize("key", dictionary())
def test_every_entry_is_said_in_every_language_with_the_same_places(key):
    places = [{name for _, name, _, _ in Formatter().parse(said) if name} for said in dictionary()[key].values()]
    assert set(dictionary()[key]) == set(LANGUAGES)
    assert all(found == places[0] for found in places)


@pytest.mark.parametrize("kind", SPOKEN)
def test_every_word_of_a_vocabulary_is_in_the_dictionary(kind):
    assert {f"{kind}.{code}" for code in SPOKEN[kind]} <= set(dictionary())


@pytest.mark.parametrize("state", ItemState)
@pytest.mark.parametrize("language", LANGUAGES)
def test_states_keep_their_names_of_the_standard_in_every_language(state, language):
    assert Words(language).term("state", state).startswith(state)


def test_every_entry_that_the_code_asks_for_exists():
    asked = {key for source in SOURCES for key in re.findall(r'words\(\s*"([a-z_.0-9]+)"', source)}
    assert len(asked) > 40
    assert asked <= set(dictionary())


def test_no_entry_is_left_that_nothing_says():
    code = "\n".join(SOURCES).replace("'", '"')
    begun = set(re.findall(r'f"([a-z_.0-9]+[._])\{', code))
    vocabulary = {f"{kind}." for kind in (*SPOKEN, "weekday", "month", "range", "bookings", "legend")}

    def said(key):
        parts = key.split(".")
        kinds = {".".join(parts[:size]) for size in range(1, len(parts))}
        return f'"{key}"' in code or key.startswith((*begun, *vocabulary)) or any(f'"{kind}"' in code for kind in kinds)

    assert {key for key in dictionary() if not said(key)} == set()


def test_a_word_that_only_a_later_registry_knows_is_shown_as_it_is():
    assert Words("en").term("reason", "strike") == "strike"


@pytest.mark.parametrize(
    ("accept", "language"), [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de-AT,en;q=0.5", "en"), ("", "en"), ("fr", "en")]
)
def test_the_browser_s_first_language_that_we_speak_is_taken(accept, language):
    assert preferred(accept) == language
