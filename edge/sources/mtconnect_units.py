"""Symbols of the units that an MTConnect agent names in words (MTConnect Part 2, the enumeration of `units`)."""

SYMBOLS = {
    "AMPERE": "A",
    "CELSIUS": "°C",
    "DECIBEL": "dB",
    "DEGREE": "°",
    "DEGREE/SECOND": "°/s",
    "HERTZ": "Hz",
    "JOULE": "J",
    "KILOGRAM": "kg",
    "LITER": "l",
    "LITER/SECOND": "l/s",
    "MILLIMETER": "mm",
    "MILLIMETER/SECOND": "mm/s",
    "MILLIMETER/SECOND^2": "mm/s²",
    "NEWTON": "N",
    "NEWTON_METER": "N·m",
    "OHM": "Ω",
    "PASCAL": "Pa",
    "PERCENT": "%",
    "REVOLUTION/MINUTE": "1/min",
    "SECOND": "s",
    "VOLT": "V",
    "VOLT_AMPERE": "VA",
    "VOLT_AMPERE_REACTIVE": "var",
    "WATT": "W",
    "WATT_SECOND": "W·s",
}


def symbol(word: str) -> str:
    """As people write it; a word that is not in the list stays as the agent writes it."""
    return SYMBOLS.get(word, word)
