"""``assistant users`` and ``assistant keys``, from the first administrator on."""

import os

import pytest

from assistant.cli import main

PASSWORD = "correct horse battery"


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    monkeypatch.setenv("ASSISTANT_STORE", str(tmp_path / "store"))

    def run(*arguments):
        status = main([*arguments])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def test_users_are_added_listed_changed_and_removed(run, tmp_path):
    password = ("--password-file", str(tmp_path / "password"))
    assert run("users", "list") == (
        0,
        "",
        "There are no users. Add one: assistant users add NAME --role administrator\n",
    )
    assert run("users", "add", "root", "--role", "administrator", *password)[0] == 0
    assert run("users", "add", "ann", "--role", "clinician", "--role", "editor", *password)[0] == 0
    assert run("users", "list")[1] == "ann  clinician, editor\nroot  administrator\n"
    status, _, said = run("users", "add", "ann", "--role", "clinician", *password)
    assert status == 2 and "[name_taken]" in said
    assert run("users", "role", "ann", "--role", "service")[0] == 0
    assert run("users", "password", "ann", *password)[0] == 0
    status, value, said = run("keys", "add", "ann", "--name", "script", "--scope", "dictate")
    assert status == 0 and value.startswith("cva_") and value.strip() not in said
    listed = run("keys", "list")[1]
    assert "ann  dictate  until" in listed and value.strip() not in listed
    key = listed.split()[0]
    assert run("keys", "revoke", key)[0] == 0
    assert run("keys", "list")[1] == ""
    assert run("users", "remove", "ann")[0] == 0
    assert run("users", "list")[1] == "root  administrator\n"
    assert run("users", "remove", "ann")[0] == 2
    assert PASSWORD not in str(os.environ)


def test_a_password_is_asked_for_or_read_from_a_file_and_never_an_argument(run, tmp_path, monkeypatch):
    status, _, said = run("users", "add", "ann", "--role", "clinician")
    assert status == 2 and "[password_missing]" in said
    status, _, said = run("users", "add", "ann", "--role", "clinician", "--password-file", "/nowhere")
    assert status == 2 and "[password_missing]" in said
    typed = iter([PASSWORD, "other", PASSWORD, PASSWORD])
    monkeypatch.setattr("assistant.commands.users.is_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    assert "[passwords_differ]" in run("users", "add", "ann", "--role", "clinician")[2]
    assert run("users", "add", "ann", "--role", "clinician")[0] == 0


def test_without_a_store_the_message_says_so(run, monkeypatch):
    monkeypatch.delenv("ASSISTANT_STORE")
    assert "[store_missing]" in run("users", "list")[2]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@127.0.0.1:9/reports",
        "postgresql://127.0.0.1:9/reports?user=me&password=hunter2",
    ],
)
def test_a_password_of_a_database_is_refused_on_the_command_line_and_taken_from_the_environment(
    run, monkeypatch, url
):
    status, _, said = run("users", "list", "--store", url)
    assert status == 2 and "[settings_invalid]" in said and "hunter2" not in said
    monkeypatch.setenv("ASSISTANT_STORE", url)
    status, _, said = run("users", "list")
    assert status == 2 and "[database_unusable]" in said and "hunter2" not in said
