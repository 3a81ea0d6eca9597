"""The files that scripts/release writes before it builds and tags."""

import pytest

from assistant import __version__
from releasing import CHANGELOG, STATED, cut, state

LOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n- A thing.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n"


def test_what_is_unreleased_becomes_the_versions_section():
    made = cut(LOG, "0.2.0", "2026-11-30")
    assert made == LOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n")
    assert cut(made, "0.2.0", "2027-01-01") == made, "a section that was cut by hand stays"


@pytest.mark.parametrize(
    "log",
    [
        "# Changelog\n",
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n\n- All.\n",
        LOG.replace("0.1.0", "0.2.0"),
    ],
)
def test_a_changelog_that_does_not_fit_the_version_is_refused(log):
    with pytest.raises(ValueError, match=r"CHANGELOG\.md"):
        cut(log, "0.2.0", "2026-11-30")


def test_the_version_is_stated_and_never_goes_back():
    text = STATED.read_text()
    assert state(text, "99.0.0") == text.replace(f'"{__version__}"', '"99.0.0"')
    assert state(text, __version__) == text
    with pytest.raises(ValueError, match="comes before"):
        state(text, "0.1.0")


def test_the_changelog_has_a_section_for_the_version_that_is_stated():
    assert f"## [{__version__}] - 20" in CHANGELOG.read_text()
