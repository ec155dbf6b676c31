"""Where things of the project are, wherever a test is called from."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
CONFIG = ROOT / "config"
CARDS = ROOT / "resources" / "cards"
SUPPORT = ROOT / "tests" / "support"
