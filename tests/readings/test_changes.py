import pytest

from assistant.readings.changes import FindingChange, parse_changes


def test_lines_with_a_verdict_are_read():
    said = """The heart is unchanged in size. The effusion has clearly worsened.

    - **Pleural effusion**: worsened
    * Pulmonary oedema - Improved, mostly at the bases
    3. Pneumothorax: unchanged
    Cardiomegaly: stable
    """
    assert parse_changes(said) == (
        FindingChange("edema", "improved"),
        FindingChange("pleural effusion", "worsened"),
        FindingChange("pneumothorax", "stable"),
    )


@pytest.mark.parametrize(
    "said",
    [
        "",
        "The pleural effusion has worsened.",
        "Pleural effusion: not seen",
        "Pleural effusion: improved or stable",
        "Pleural effusion: improved/stable",
        "Pleural effusion: stable\nPleural effusion: worsened",
    ],
)
def test_what_is_not_said_plainly_is_no_verdict(said):
    assert parse_changes(said) == ()
