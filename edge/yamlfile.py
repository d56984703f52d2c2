"""YAML files of people as the edge reads them: gateway.yamlfile under the name that the edge's rooms know."""

from gateway.yamlfile import SECRETS, Location, Model, Owner, line_of, load, parse, validated

__all__ = ["SECRETS", "Location", "Model", "Owner", "line_of", "load", "parse", "validated"]
