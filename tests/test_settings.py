"""The settings: one definition each; what does not go together is refused, with both named."""

import argparse
import json
import re
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.commands.settings import add_settings, flag, is_secret, settings_from, variable
from assistant.config import GROUPS, Settings
from assistant.errors import BadInput
from assistant.vad.endpoint import _AT_MOST, EndpointSettings

ROOT = Path(__file__).parents[1]


def read(*options: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return settings_from(parser.parse_args(options))


def refused(*options: str) -> str:
    with pytest.raises(BadInput) as error:
        read(*options)
    assert error.value.code == "settings_invalid"
    return error.value.message


def test_every_setting_is_in_one_group_and_in_the_docs() -> None:
    grouped = [name for group in GROUPS for name in group.model_fields]
    assert sorted(grouped) == sorted(Settings.model_fields)
    page = (ROOT / "docs/settings.md").read_text()
    for name in grouped:
        assert f"`{flag(name)}" in page
        assert Settings.model_fields[name].description


def test_the_defaults_go_together() -> None:
    assert read() == Settings()
    assert (
        EndpointSettings(**{n: getattr(Settings(), n) for n in EndpointSettings.model_fields})
        == EndpointSettings()
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--vad-start", "0.3"], "--vad-continue 0.45 (the default) is more than --vad-start 0.3."),
        (["--vad-continue", "0.7"], "--vad-continue 0.7 is more than --vad-start 0.6 (the default)."),
        (["--pause-ms", "800"], "--pause-ms 800 is more than --silence-ms 700 (the default)."),
        (["--silence-ms", "150"], "--pause-ms 200 (the default) is more than --silence-ms 150."),
        (["--engine-dicom-links"], "it needs --dicomweb-url and --no-engine-stream."),
        (["--text-engine-url", "http://a"], "--text-engine-url http://a needs --text-engine-model."),
    ],
)
def test_settings_that_do_not_go_together_are_named(options: list[str], said: str) -> None:
    assert refused(*options).endswith(said)


@pytest.mark.parametrize(("smaller", "larger"), _AT_MOST)
def test_every_pair_is_checked_however_it_is_given(
    smaller: str, larger: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    least = {
        "vad_start": "0.2",
        "silence_ms": "190",
        "question_silence_ms": "190",
        "unfinished_silence_ms": "600",
    }
    message = refused(flag(larger), least[larger])
    assert f"{flag(larger)} {least[larger]}." in message
    assert f"{flag(smaller)} {Settings.model_fields[smaller].default} (the default)" in message
    monkeypatch.setenv(variable(larger), least[larger])
    message = refused()
    assert f"{variable(larger)}={least[larger]}." in message
    for command in ("serve", "doctor"):
        assert main([command]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err == f"error: {message} [settings_invalid]\n"


def test_the_doctor_takes_the_options_of_serve(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--pause-ms", "800"]) == 2
    assert "--pause-ms 800" in capsys.readouterr().err


def test_no_rule_is_broken_by_a_value_that_is_just_allowed() -> None:
    assert read("--pause-ms", "550").pause_ms == 550
    assert read("--vad-start", "0.45").vad_start == 0.45
    assert read("--silence-ms", "1400").silence_ms == 1400


def test_the_help_has_the_groups(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    said = capsys.readouterr().out
    for group in GROUPS:
        assert f"{group.__doc__}:" in said


SECRETS = [name for name in Settings.model_fields if is_secret(name)]


def test_tokens_and_keys_are_secrets() -> None:
    assert sorted(SECRETS) == [
        "dicomweb_token",
        "encryption_key",
        "engine_key",
        "oidc_client_secret",
        "orders_fhir_token",
        "token",
    ]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_a_file_or_the_environment_and_not_from_the_command_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("of the house\n")
    for options, variables in [
        ([f"{flag(name)}-file", str(file)], {}),
        ([], {f"{variable(name)}_FILE": str(file)}),
        ([], {variable(name): "of the house"}),
    ]:
        with monkeypatch.context() as patch:
            for key, value in variables.items():
                patch.setenv(key, value)
            secret = getattr(read(*options), name)
            assert secret.get_secret_value() == "of the house"
    said = refused(flag(name), "of the house")
    assert f"{flag(name)}-file FILE" in said and variable(name) in said and "of the house" not in said
    file.write_text(" \n")
    assert str(file) in refused(f"{flag(name)}-file", str(file))
    assert str(tmp_path) in refused(f"{flag(name)}-file", str(tmp_path))


@pytest.mark.parametrize("proxy", ["proxy.example.org", "10.0.0.300", "10.0.0.1/8", "*", ""])
def test_a_trusted_proxy_is_an_address_or_a_network(proxy: str) -> None:
    said = refused("--trusted-proxies", json.dumps([proxy]))
    assert said == "--trusted-proxies: each must be an IP address or a network, as 10.0.0.0/8"
    assert read("--trusted-proxies", '["10.0.0.0/8", "fd00::1"]').trusted_proxies == ("10.0.0.0/8", "fd00::1")


@pytest.mark.parametrize("file", sorted((ROOT / "docs/deploy").iterdir()), ids=lambda file: file.name)
def test_the_files_for_operators_name_settings_that_there_are(file: Path) -> None:
    named = set(re.findall(r"ASSISTANT_([A-Z_]+)", file.read_text()))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_no_store_on_the_command_line_keeps_nothing():
    parser = argparse.ArgumentParser()
    add_settings(parser)
    assert settings_from(parser.parse_args(["--no-store"])).no_store
    assert not settings_from(parser.parse_args([])).no_store


@pytest.mark.parametrize(
    "needs_it", [("--sign-in", "accounts"), ("--audit-checkpoints", "file", "--audit-key", "key")]
)
def test_what_needs_a_store_is_refused_in_words_where_nothing_is_kept(needs_it: tuple[str, ...]) -> None:
    assert read(*needs_it, "--store", "folder").store == Path("folder")
    for without in ((), ("--no-store",), ("--store", "folder", "--no-store")):
        message = refused(*needs_it, *without)
        assert "--store without --no-store" in message
