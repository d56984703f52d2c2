"""A checker of pages' accessibility that is not ours: axe-core from npm, put into the page from its file."""

from pathlib import Path
from typing import Any

import pytest
from npm import installed

FOLDER = Path(__file__).parent / "axe"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

CHECK = """rules => axe.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] })
  .then(({ violations }) => violations.map(({ id, nodes }) =>
    `${id} (${nodes.length}): ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`))"""


class Axe:
    """`faults(page)` of a page of playwright (async): a sentence for each rule that it breaks."""

    def __init__(self, script: Path) -> None:
        self._text = script.read_text(encoding="utf-8")

    async def faults(self, page: Any) -> list[str]:
        # Evaluated rather than added as an element: the page's own policy admits no script that it did not name.
        await page.evaluate(self._text + ";0")
        found: list[str] = await page.evaluate(CHECK, list(RULES))
        return found


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Installed from its lock where it is not yet."""
    folder = installed(FOLDER, "axe-core", "the accessibility checker axe-core", "--ignore-scripts")
    return Axe(folder / "node_modules" / "axe-core" / "axe.min.js")
