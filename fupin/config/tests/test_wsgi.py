"""The server's worker has done its imports before the first visitor comes."""

import os
import subprocess
import sys
from pathlib import Path

CODE = "import gc, sys, fupin.config.wsgi; print('fupin.command.views' in sys.modules, gc.get_freeze_count() > 100_000)"


def test_views_are_imported_and_their_objects_are_not_collected_again(tmp_path: Path) -> None:
    environ = os.environ | {"FUPIN_NO_DATABASE": "1", "FUPIN_DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True"], done.stderr
