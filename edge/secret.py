"""Secrets by reference: gateway.secret under the name that the edge's rooms know."""

from gateway.secret import SecretRef, Vault, reference

__all__ = ["SecretRef", "Vault", "reference"]
