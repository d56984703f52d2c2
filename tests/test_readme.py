"""What the README tells people to write is what the programs read."""

import re
from pathlib import Path

from edge import config

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_plants_config_in_the_readme_can_be_read(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "agent.yaml").write_text(block)
    read = config.read(tmp_path / "agent.yaml")
    assert list(read.machines) == ["Mill-1"]
    assert read.machines["Mill-1"].orders.policy == "off"


def test_every_file_that_the_readme_points_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert [target for target in targets if not (Path(__file__).parent.parent / target).exists()] == []
