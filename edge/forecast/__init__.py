"""How likely a machine is idle, learnt on the box from what it did for its own plant."""

from edge.forecast.habit import Habit, dump, fresh, learn, load
from edge.forecast.outlook import Forecast, forecast

__all__ = ["Forecast", "Habit", "dump", "forecast", "fresh", "learn", "load"]
