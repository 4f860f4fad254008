from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import state.migrate
from model.errors import StateError
from state import migrate
from state.database import connect
from state.store import open_store
from state.tables import metadata


@pytest.fixture
def database(state_url):
    opened = connect(state_url)
    yield opened
    opened.close()


def shape(database):
    """Everything the database itself knows of our tables."""
    with database.write() as tx:
        if tx.sqlite:
            rows = tx.rows("SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")
        else:
            rows = tx.rows(
                "SELECT table_name, column_name, data_type, is_nullable, collation_name "
                "FROM information_schema.columns WHERE table_schema = current_schema() UNION ALL "
                "SELECT indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = current_schema()"
            )
        columns = {
            (table, column["name"], str(column["type"]), column["nullable"])
            for table in inspect(tx.connection).get_table_names()
            for column in inspect(tx.connection).get_columns(table)
        }
    return sorted(map(tuple, rows)), columns


def test_the_known_revisions_are_those_in_the_folder():
    config = Config()
    config.set_main_option("script_location", str(Path(state.migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == migrate.REVISIONS
    assert scripts.get_current_head() == migrate.HEAD


def test_migrating_from_nothing_leads_to_the_tables_of_today(database, request):
    with database.write() as tx:
        migrate.upgrade(tx.connection)
    with database.write() as tx:
        migrate.check(tx.connection)
        assert migrate.revision(tx) == migrate.HEAD
    migrated = shape(database)
    with database.write() as tx:
        migrate.downgrade(tx.connection)
    with database.write() as tx:
        assert inspect(tx.connection).get_table_names() == ["alembic_version"]
        tx.run("DROP TABLE alembic_version")
    migrate.bring_up_to_date(database)
    assert shape(database) == migrated


def test_every_table_is_made_in_a_new_database(database):
    migrate.bring_up_to_date(database)
    with database.read() as tx:
        assert set(inspect(tx.connection).get_table_names()) == {*metadata.tables, "alembic_version"}
        assert migrate.revision(tx) == migrate.HEAD


def test_a_database_of_a_newer_version_is_refused_and_left_alone(state_url, clock):
    open_store(state_url, clock).close()
    database = connect(state_url)
    with database.write() as tx:
        tx.run("UPDATE alembic_version SET version_num = 'from the future'")
    with pytest.raises(StateError, match="newer version has used it"):
        open_store(state_url, clock)
    with database.read() as tx:
        assert migrate.revision(tx) == "from the future"
    database.close()


def test_many_threads_may_open_a_new_database_at_once(state_url, clock):
    opened, start = [], threading.Barrier(5)

    def work():
        start.wait()
        opened.append(open_store(state_url, clock))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(store.start_run([], "x", clock.now()) for store in opened) == [1, 2, 3, 4, 5]
    for store in opened:
        store.close()


def test_the_file_is_its_owners_only_and_its_folder_is_made(tmp_path, clock):
    path = tmp_path / "deep" / "var" / "syncline.db"
    store = open_store(f"sqlite:///{path}", clock)
    store.start_run([], "x", clock.now())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    store.close()
    assert set(modes.values()) == {0o600}
    assert "syncline.db-wal" in modes


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://localhost/x", "cannot be mysql"),
        ("not a url", "is not a database address"),
        ("sqlite:////proc/nowhere/x.db", "cannot be made"),
        ("postgresql://nobody@127.0.0.1:1/none", "could not do it"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_kindly(url, said, clock):
    with pytest.raises(StateError, match=said):
        open_store(url, clock)


def test_a_file_that_is_no_database_is_refused(tmp_path, clock):
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 500)
    with pytest.raises(StateError):
        open_store(f"sqlite:///{path}", clock)
    assert path.read_text().startswith("Dear diary")


def test_opening_a_database_at_the_right_revision_loads_no_alembic(tmp_path):
    program = (
        "import sys; from state.store import open_store\n"
        f"open_store('sqlite:///{tmp_path}/x.db').close(); open_store('sqlite:///{tmp_path}/x.db').close()\n"
        "sys.exit(any(name.split('.')[0] in ('alembic', 'psycopg', 'pydantic') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
