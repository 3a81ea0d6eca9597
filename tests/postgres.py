"""Tests with a real PostgreSQL server. The fixtures are in conftest.py."""

import pytest

from benches.postgres import LACKS

needs_postgres = pytest.mark.skipif(bool(LACKS), reason=LACKS)
