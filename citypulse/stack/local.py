"""The servers of one state folder, as the settings want them: ours, or somebody else's."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from city.settings import BrokerSettings, DatabaseSettings
from citypulse.settings import StackSettings
from citypulse.stack import credentials, record
from citypulse.stack.broker import Broker
from citypulse.stack.credentials import Credentials
from citypulse.stack.errors import NotRunning
from citypulse.stack.install import Installation, Report, ensure_installed
from citypulse.stack.ports import LOOPBACK, Ports
from citypulse.stack.postgres import DATABASE, OWNER, Postgres, Tuning
from citypulse.stack.state import State

FIRST_POSTGRES_PORT = 15432
FIRST_BROKER_PORT = 11883


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where database and broker are, with the secrets to enter; never to be printed."""

    database_url: str
    broker_url: str

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Addresses({shown(self.database_url)}, {shown(self.broker_url)})"


@dataclass(frozen=True, slots=True)
class LocalStack:
    """The servers that are ours to run; ``None`` where the settings name an existing one."""

    postgres: Postgres | None
    broker: Broker | None
    addresses: Addresses


def shown(url: str) -> str:
    """An address without user and password, fit for logs and people."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def assemble(
    state: State,
    *,
    database: DatabaseSettings,
    mqtt: BrokerSettings,
    stack: StackSettings,
    report: Report | None = None,
) -> LocalStack:
    """Install what is missing, choose ports, make credentials; nothing is started yet.

    The folders are there already: see `State.create`.

    Raises:
        StackUnavailable: a local server is needed and this machine can't carry it.
        PortTaken: a fixed port is in use.
    """
    if database.url is not None and mqtt.url is not None:
        given = Addresses(database.url.get_secret_value(), mqtt.url.get_secret_value())
        return LocalStack(None, None, given)
    secrets = credentials.load_or_make(state.credentials)
    installation = ensure_installed(state.binaries, report)
    postgres = _postgres(state, installation, secrets, stack) if database.url is None else None
    broker = _broker(state, installation, stack) if mqtt.url is None else None
    addresses = Addresses(
        database_url=postgres.url if postgres else _secret(database.url),
        broker_url=broker.url_as("ingest", secrets.ingest) if broker else _secret(mqtt.url),
    )
    return LocalStack(postgres, broker, addresses)


def running_addresses(
    state: State, *, database: DatabaseSettings, mqtt: BrokerSettings
) -> Addresses:
    """Where database and broker are for a command that does not start them itself.

    Raises:
        NotRunning: the settings don't say, and no local stack is up.
    """
    return Addresses(running_database(state, database=database), running_broker(state, mqtt=mqtt))


def running_database(state: State, *, database: DatabaseSettings) -> str:
    """The database's address: the setting's, else that of the local stack that runs.

    Raises:
        NotRunning: neither is there.
    """
    if database.url is not None:
        return database.url.get_secret_value()
    port = _port_of(state, "database", "CITYPULSE_DATABASE_URL")
    password = credentials.load_or_make(state.credentials).owner
    return f"postgresql://{OWNER}:{password}@{LOOPBACK}:{port}/{DATABASE}"


def running_broker(state: State, *, mqtt: BrokerSettings) -> str:
    """The broker's address for ingest: the setting's, else that of the local stack that runs.

    Raises:
        NotRunning: neither is there.
    """
    if mqtt.url is not None:
        return mqtt.url.get_secret_value()
    port = _port_of(state, "broker", "CITYPULSE_MQTT_URL")
    password = credentials.load_or_make(state.credentials).ingest
    return f"mqtt://ingest:{password}@{LOOPBACK}:{port}"


def _secret(url: SecretStr | None) -> str:
    return url.get_secret_value() if url is not None else ""


def _port_of(state: State, part: str, setting: str) -> int:
    known = record.read(state.run) if record.is_supervised(state.run) else None
    found = known.part(part) if known else None
    port = urlsplit(found.address).port if found else None
    if port is None:
        raise NotRunning(part, setting)
    return port


def _postgres(
    state: State, installation: Installation, secrets: Credentials, stack: StackSettings
) -> Postgres:
    port = Ports(state.ports).choose(
        "postgres",
        first=FIRST_POSTGRES_PORT,
        fixed=stack.postgres_port,
        setting="CITYPULSE_STACK_POSTGRES_PORT",
    )
    return Postgres(
        installation,
        state.postgres,
        credentials=secrets,
        port=port,
        log=state.logs / "database.log",
        tuning=Tuning.for_this_machine(),
    )


def _broker(state: State, installation: Installation, stack: StackSettings) -> Broker:
    port = Ports(state.ports).choose(
        "broker",
        first=FIRST_BROKER_PORT,
        fixed=stack.broker_port,
        setting="CITYPULSE_STACK_BROKER_PORT",
    )
    return Broker(installation, state.broker, port=port, log=state.logs / "broker.log")
