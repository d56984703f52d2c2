"""How likely a machine is idle, learnt on the box from what it did for its own plant."""

from edge.forecast.habit import Habit, company, dump, fresh, learn, load
from edge.forecast.outlook import Forecast, forecast
from edge.forecast.shop import Others

__all__ = ["Forecast", "Habit", "Others", "company", "dump", "forecast", "fresh", "learn", "load"]
