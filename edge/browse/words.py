"""What machine builders call their states and modes, in English and German: a guess for a person to check."""

import re
from collections.abc import Mapping

from gateway.machine import ItemState, OperationMode

_STATES: tuple[tuple[ItemState, str], ...] = (
    (ItemState.OUT_OF_SERVICE,
     "error fault alarm fail failure estop emergency emergencystop abort aborted aborting maintenance service "
     "outofservice outoforder broken locked blocked jammed breakdown malfunction crash stoerung störung fehler "
     "notaus nothalt alarm wartung defekt gestört gestoert"),
    (ItemState.NOT_AVAILABLE,
     "off offline poweroff switchedoff disconnected notavailable unavailable undefined unknown none aus "
     "ausgeschaltet getrennt unbekannt nichtverfügbar"),
    (ItemState.EXECUTING,
     "run running execute executing active working work busy production producing processing process automatic auto "
     "automaticrun cutting machining milling turning printing welding molding moulding pressing heating drying feeding "
     "started inprogress cycle incycle operating operation läuft laeuft lauf betrieb produktion fertigung arbeitet "
     "arbeiten bearbeitung aktiv automatik gestartet"),
    (ItemState.NOT_EXECUTING,
     "idle ready standby stopped stop ended end waiting wait hold held paused pause suspended interrupted complete "
     "completed finished done starved resetting starting stopping reset cleared clearing setup manual sleep warmup "
     "notexecuting notrunning inactive on bereit gestoppt halt warten wartet pausiert fertig beendet leerlauf rüsten "
     "ruesten einrichten hand stillstand ruhe betriebsbereit ein eingeschaltet angehalten"),
)  # fmt: skip
_MODES: tuple[tuple[OperationMode, str], ...] = (
    (OperationMode.MAINTENANCE, "maintenance service repair diagnosis cleaning wartung instandhaltung reinigung"),
    (OperationMode.SETUP,
     "setup manual semiautomatic semiauto handwheel jog mdi teach adjust adjusting preparation homing einrichten "
     "rüsten ruesten hand manuell tippen mda"),
    (OperationMode.PROCESSING,
     "automatic auto automatik production producing processing run running produktion memory"),
    (OperationMode.NONE, "none off sleep idle other undefined invalid aus kein"),
)  # fmt: skip
STATE_NAMES = re.compile(r"state|status|zustand|betriebszustand|condition|phase", re.IGNORECASE)
MODE_NAMES = re.compile(r"mode|betriebsart|modus", re.IGNORECASE)
BUSY_NAMES = re.compile(r"running|busy|in_?cycle|executing|producing|läuft|laeuft|in_?run|machine_?on$", re.IGNORECASE)
FAULT_NAMES = re.compile(r"fault|error|alarm|emergency|störung|stoerung|fehler", re.IGNORECASE)
_NOT = re.compile(r"^(not|no|kein|nicht|un)(?=[a-zäöü]{3})")


def _table(rows: tuple[tuple[ItemState, str], ...]) -> Mapping[str, ItemState]:
    return {word: state for state, words in rows for word in words.split()}


_STATE_OF = _table(_STATES)
_MODE_OF = {word: mode for mode, words in _MODES for word in words.split()}


def _plain(text: str) -> str:
    return re.sub(r"[^a-zäöüß]", "", text.casefold())


def _parts(text: str) -> list[str]:
    """The words of a name: `STATE_RUNNING`, `machineRunning` and `Machine running` are alike."""
    spaced = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", text)
    return [part for part in map(_plain, re.split(r"[\s_\-./]+", spaced)) if part]


def state_of(name: str) -> ItemState | None:
    """The state that a value's name most likely means; None where nothing speaks for any."""
    whole = _plain(name)
    if whole in _STATE_OF:
        return _STATE_OF[whole]
    negated = _NOT.match(whole)
    if negated:
        inner = state_of(whole[negated.end() :])
        return ItemState.NOT_EXECUTING if inner is ItemState.EXECUTING else None
    found = [_STATE_OF[part] for part in _parts(name) if part in _STATE_OF]
    return next((state for state, _ in _STATES if state in found), None)


def mode_of(name: str) -> OperationMode | None:
    """The mode that a value's name most likely means."""
    whole = _plain(name)
    if whole in _MODE_OF:
        return _MODE_OF[whole]
    found = [_MODE_OF[part] for part in _parts(name) if part in _MODE_OF]
    return next((mode for mode, _ in _MODES if mode in found), None)
