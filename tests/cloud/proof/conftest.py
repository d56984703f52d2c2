"""What the proofs share lies beside them: the checker of histories, and the registry in plain values."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
