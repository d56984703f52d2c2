"""What every test may ask for: the peers that are not ours."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))

pytest_plugins = ("foreign_opcua", "flaky_network", "own_postgres")
