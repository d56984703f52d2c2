"""What is walked through, who walks, and what checks: they lie beside this."""

import sys
from pathlib import Path

import pytest
from playwright.async_api import Browser

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def browser(walker_browser: Browser) -> Browser:
    return walker_browser
