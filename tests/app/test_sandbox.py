"""The fake systems serve on the loopback address, keep their records, and let a project in."""

import base64
import re
import signal
import subprocess
import sys

import pytest

from model.clock import ManualClock
from syncline.sandbox.run import served, systems
from syncline.settings import load_project
from syncline.wiring import World

MAPPING = {
    "c4c": ("contacts", "family_name: LastName\n  given_name: FirstName"),
    "dynamics": ("contact", 'family_name: lastname\n  given_name: firstname\n  "emails[work]": emailaddress1'),
    "hubspot": ("contacts", 'family_name: lastname\n  given_name: firstname\n  "emails[work]": email'),
    "hybris": ("customers", "full_name: name"),
    "magento": ("customers", "family_name: lastname\n  given_name: firstname"),
    "netsuite": ("contact", "family_name: lastName\n  given_name: firstName"),
    "odoo": ("people", 'full_name: name\n  "emails[work]": email'),
    "s4hana": ("persons", "family_name: LastName\n  given_name: FirstName"),
    "salesforce": ("Contact", 'family_name: LastName\n  given_name: FirstName\n  "emails[work]": Email'),
    "shopify": ("customers", "family_name: lastName\n  given_name: firstName"),
    "siebel": ("Contact", "family_name: Last Name\n  given_name: First Name"),
    "woocommerce": ("customers", 'family_name: last_name\n  "emails[work]": email'),
    "zoho": ("Contacts", 'family_name: Last_Name\n  given_name: First_Name\n  "emails[work]": Email'),
}

KEY = {"SYNCLINE_KEY": base64.b64encode(bytes(32)).decode()}  # some systems' tokens are kept


def project_at(write, system, settings):
    stream, rules = MAPPING[system]
    body = "".join(f"    {line}\n" for line in settings.splitlines())
    mapping = f"mapping: m\nconnection: x\nstream: {stream}\nentity: contact\nrules:\n  {rules}\n"
    return write({"config.yaml": f"syncline: 1\nconnections:\n  x:\n{body}", "mappings/m.yaml": mapping})


@pytest.mark.parametrize("system", list(systems()))
def test_the_settings_it_prints_connect_to_it(system, write, make_cli):
    with served(system, 0) as (url, settings):
        folder = project_at(write, system, settings)
        _, found = load_project(folder, environment={})
        assert not [str(one) for one in found if one.severity == "error"]
        cli = make_cli(folder, World(clock=ManualClock(), environment=KEY))
        cli("connections", "prepare", "x")
        (row,) = cli("connections", "check", "--json").json
        assert (row["check"], row["health"]) == ("connection x", "ok"), url


@pytest.mark.parametrize("system", list(systems()))
def test_records_are_kept_in_the_data_file(system, write, make_cli, tmp_path):
    data = tmp_path / "records.json"
    with served(system, 0, data) as (_, settings):
        pass
    with served(system, 0, data) as (_, settings):
        folder = project_at(write, system, settings)
        make_cli(folder)("connections", "discover", "x", "--json")


def test_a_port_that_is_taken_is_a_sentence(cli):
    with served("shopify", 0) as (url, _):
        port = url.rpartition(":")[2]
        assert "choose another" in cli("sandbox", "start", "shopify", "--port", port, code=1).err


def test_it_serves_until_it_is_told_to_stop():
    command = [sys.executable, "-m", "syncline", "sandbox", "start", "shopify", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert re.match(r"http://127\.0\.0\.1:\d+$", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_the_list_names_every_system_once_with_a_port_of_its_own(cli):
    rows = cli("sandbox", "list", "--json").json
    assert [row["name"] for row in rows] == list(systems())
    assert len({row["port"] for row in rows}) == len(rows)
    cli("sandbox", "start", "nothing-like-it", code=2)
