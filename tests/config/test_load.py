"""A folder of YAML becomes settings, or a list of problems (M10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maild import config
from maild.config.values import Quota, Sender
from maild.errors import MaildError, UnknownThing
from maild.policy.sla import Rung
from tests.config.conftest import FILES, Folder


def test_the_example_of_the_contract_becomes_typed_settings(folder: Folder) -> None:
    found = config.load(folder())
    account = found.account("support")
    assert account.imap is not None
    assert (account.imap.host, account.imap.port, account.imap.tls) == ("mail.example.org", 993, "implicit")
    assert account.poll == timedelta(seconds=60)
    assert account.authserv == "mx.example.org"
    assert found.sending.sender == Sender("Example Desk", "support@example.org")
    assert found.database == "sqlite:///var/lib/maild/maild.db"
    assert found.listener is None
    assert (found.limits.size, found.limits.parts) == (25_000_000, 100)
    assert found.limits.acknowledgements_per_sender == Quota(3, timedelta(days=1))
    assert (found.retention.raw, found.retention.closed) == (timedelta(days=365), None)
    assert (found.log.level, found.log.json) == ("info", False)
    assert [rule.name for rule in found.rules] == ["vpn trouble", "monitoring"]
    assert [rule.line for rule in found.rules] == [2, 10]


def test_the_desk_knows_its_lines_and_people(folder: Folder) -> None:
    desk = config.load(folder()).desk
    assert list(desk.lines) == ["L1", "L2", "L3"]
    assert (desk.line_after("L1"), desk.line_after("L3"), desk.line_after("gone")) == ("L2", None, None)
    assert (desk.lead_of("L1"), desk.lead_of("gone")) == ("ada", "mia")
    assert desk.people["ben"].away == ((date(2026, 12, 21), date(2027, 1, 2)),)
    assert desk.people["ben"].is_away(date(2027, 1, 2))
    assert not desk.people["ben"].is_away(date(2027, 1, 3))
    assert desk.people["cleo"].language == "en"
    assert desk.categories["network/vpn"].questions["en"] == ("Which network?",)


def test_an_agent_is_found_by_a_second_address(folder: Folder) -> None:
    desk = config.load(folder()).desk
    person = desk.person_by_address("ada@home.example")
    assert person is not None
    assert person.id == "ada"
    assert desk.person_by_address("mallory@home.example") is None


def test_how_a_person_is_believed_told_and_timed_has_defaults(folder: Folder) -> None:
    plain = config.load(folder()).desk.people["ada"]
    assert (plain.trust, plain.receipts, plain.zone) == ("either", "all", None)
    more = "language: it, trust: token+dmarc, receipts: failures, zone: Europe/Copenhagen}"
    ada = config.load(folder("desk.yaml", "language: it}", more)).desk.people["ada"]
    assert (ada.trust, ada.receipts, ada.zone) == ("token+dmarc", "failures", "Europe/Copenhagen")


def test_what_strangers_write_becomes_a_ticket_unless_it_shall_be_held(folder: Folder) -> None:
    assert config.load(folder()).desk.strangers == "new"
    assert config.load(folder("desk.yaml", "manager: mia", "manager: mia\nstrangers: hold")).desk.strangers == "hold"


@pytest.mark.parametrize(
    ("address", "company"),
    [
        ("carla@customer.example", "acme"),
        ("Carla@CUSTOMER.example", "acme"),
        ("carla@mail.customer.example", "acme"),
        ("carla@labs.customer.example", "labs"),
        ("carla@a.labs.customer.example", "labs"),
        ("carla@bücher.example", "acme"),
        ("carla@xn--bcher-kva.example", "acme"),
        ("ada@example.org", "own"),
        ("carla@evilcustomer.example", None),
        ("carla@customer.example.evil.example", None),
        ("carla@example", None),
        ("carla", None),
        ("", None),
    ],
)
def test_the_domain_of_an_address_says_its_company(address: str, company: str | None, folder: Folder) -> None:
    companies = (
        "companies:\n  acme: {domains: [Customer.example, bücher.example]}\n"
        "  labs: {domains: [labs.customer.example]}\n  own: {domains: [example.org]}\n"
    )
    desk = config.load(folder("desk.yaml", "manager: mia\n", f"manager: mia\n{companies}")).desk
    assert desk.company_of(address) == company


def test_a_prepared_reply_stands_in_the_order_of_the_desks_languages(folder: Folder) -> None:
    replies = "replies: {reboot: {da: Genstart., en: Restart it.}}"
    desk = config.load(folder("desk.yaml", "manager: mia", f"manager: mia\n{replies}")).desk
    assert list(desk.replies["reboot"].items()) == [("en", "Restart it."), ("da", "Genstart.")]


def test_service_levels_keep_what_was_written(folder: Folder) -> None:
    levels = config.load(folder()).desk.levels
    assert levels.policies[0].targets["high"].first_response == timedelta(hours=1, minutes=30)
    assert levels.policies[0].pause == {"pending"}
    assert levels.ladders["resolution"][1] == Rung("100% + 4h", 100, timedelta(hours=4), ("manager",), raises=False)
    assert levels.calendars["office"].hours[0] == ((9 * 3600, 13 * 3600), (14 * 3600, 18 * 3600))
    assert levels.calendars["office"].hours[5:] == ((), ())
    assert levels.calendars["always"].always


def test_no_stays_a_word_and_hours_stay_text(folder: Folder) -> None:
    """YAML 1.1 reads `no` as false: a Norwegian desk would have had no language."""
    assert config.load(folder("desk.yaml", "[en, it, da]", "[en, it, da, no]")).desk.languages[-1] == "no"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sqlite:///var/lib/maild.db", "sqlite:///var/lib/maild.db"),
        ("sqlite:////var/lib/maild.db", "sqlite:///var/lib/maild.db"),
        ("sqlite:maild.db", "sqlite://{folder}/maild.db"),
        ("sqlite:data/maild.db", "sqlite://{folder}/data/maild.db"),
        ("postgresql://maild@db.example.org:5432/maild", "postgresql://maild@db.example.org:5432/maild"),
    ],
)
def test_a_database_is_resolved(written: str, read: str, folder: Folder) -> None:
    at = folder("maild.yaml", "sqlite:///var/lib/maild/maild.db", written)
    assert config.load(at).database == read.format(folder=at)


def test_a_listener_gets_the_only_account(folder: Folder) -> None:
    found = config.load(folder("maild.yaml", "listener: null", 'listener: {lmtp: "127.0.0.1:8024"}')).listener
    assert found == config.Listener("lmtp", "127.0.0.1", 8024, "support")
    assert (found.lmtp, found.smtp) == ("127.0.0.1:8024", None)


def test_a_server_on_this_machine_needs_no_tls(folder: Folder) -> None:
    new = "smtp: {host: 127.0.0.1, port: 25, tls: none}"
    old = "smtp: {host: mail.example.org, port: 465, tls: implicit, user: support, password: {credential: smtp}}"
    assert config.load(folder("maild.yaml", old, new)).sending.smtp.tls == "none"


def test_two_accounts_with_one_name_or_one_address_are_refused(problems: Callable[..., list[str]]) -> None:
    second = "  - {name: support, address: sales@example.org}\nsending:\n"
    assert problems("maild.yaml", "sending:\n", second) == [
        "maild.yaml:15:12: an account `support` stands already on line 5"
    ]
    other = "  - {name: other, address: HELPDESK@example.org}\nsending:\n"
    assert problems("maild.yaml", "sending:\n", other) == [
        "maild.yaml:15:28: the address HELPDESK@example.org belongs already to the account `support`"
    ]


def test_a_listener_must_say_which_of_two_accounts(folder: Folder) -> None:
    at = folder("maild.yaml", "sending:\n", "  - {name: other, address: other@example.org}\nsending:\n")
    text = (at / "maild.yaml").read_text().replace("listener: null", 'listener: {lmtp: "127.0.0.1:8024"}')
    (at / "maild.yaml").write_text(text)
    with pytest.raises(config.ConfigError, match="which of support, other gets its mail"):
        config.load(at)


def test_problems_of_all_files_come_at_once(folder: Folder) -> None:
    at = folder()
    for name, old, new in [
        ("maild.yaml", "poll: 60s", "poll: 60"),
        ("desk.yaml", "manager: mia", "manager: nobody"),
        ("rules.yaml", "kind: human", "kind: robot"),
    ]:
        (at / name).write_text((at / name).read_text().replace(old, new))
    with pytest.raises(config.ConfigError) as caught:
        config.load(at)
    assert [(p.file, p.line) for p in caught.value.problems] == [
        ("desk.yaml", 15),
        ("maild.yaml", 12),
        ("rules.yaml", 4),
    ]
    assert caught.value.permanent


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_told(name: str, folder: Folder) -> None:
    at = folder()
    (at / name).unlink()
    with pytest.raises(config.ConfigError, match=f"{name}:1:1: the file is missing"):
        config.load(at)


def test_a_folder_that_does_not_exist_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="does not exist; `maild init"):
        config.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["maild.yaml", "desk.yaml"])
def test_an_empty_file_is_told(name: str, folder: Folder) -> None:
    at = folder()
    (at / name).write_text("# nothing yet\n")
    with pytest.raises(config.ConfigError, match=f"{name}:1:1: the file is empty"):
        config.load(at)


@pytest.mark.parametrize("text", ["", "rules:\n", "rules: []\n"])
def test_a_desk_may_have_no_rules(text: str, folder: Folder) -> None:
    at = folder()
    (at / "rules.yaml").write_text(text)
    assert len(config.load(at).rules) == 0


def test_the_version_tells_one_content_from_another(folder: Folder) -> None:
    first = config.load(folder()).version
    assert first == config.load(folder()).version
    assert first != config.load(folder("maild.yaml", "poll: 60s", "poll: 61s")).version


def test_an_unknown_account_is_told_with_those_there_are(folder: Folder) -> None:
    with pytest.raises(UnknownThing, match="there is support"):
        config.load(folder()).account("sales")


def test_printed_settings_show_no_secret(folder: Folder) -> None:
    at = folder()
    (at / "secret").write_text("0123456789abcdef\n")
    found = config.load(at)
    assert found.secret.reveal() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(found)


@pytest.mark.parametrize("name", FILES)
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{},'\"#&*!|> \n\t?%0"), max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_anything_but_a_problem(name: str, text: str, folder: Folder) -> None:
    at = folder()
    (at / name).write_text(text)
    try:
        config.load(at)
    except MaildError as e:
        assert isinstance(e, config.ConfigError)
        assert all(p.line >= 1 and p.column >= 1 and p.message for p in e.problems)
