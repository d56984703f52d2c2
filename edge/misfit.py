"""Faults at the key where they stand: gateway.misfit under the name that the edge's rooms know."""

from gateway.misfit import MISFIT, Place, misfits

__all__ = ["MISFIT", "Place", "misfits"]
