"""Writes the page that lists every problem: `python -m cloud.api --problems > docs/problems.md`."""

import sys

from cloud.api.catalogue import markdown

if __name__ == "__main__":
    sys.stdout.write(markdown())
