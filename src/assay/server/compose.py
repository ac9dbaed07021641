"""Puts a house together: the only place that names a concrete store or blob backend."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assay.blobs.local import LocalBlobs
from assay.core.retention import Policy as Keeping
from assay.core.scope import HOME as OWNER
from assay.core.scope import Scope
from assay.ports.blobs import BlobStore
from assay.ports.catalogs import Catalog, Snapshot
from assay.server.gate import collecting
from assay.server.home import Home
from assay.server.keys import ServerKeys
from assay.server.pickup import Pickup
from assay.services.access import AccessService
from assay.services.accounts import AccountService
from assay.services.audit import AuditService
from assay.services.branches import BranchService
from assay.services.bulk import BulkService
from assay.services.changes import ChangesService
from assay.services.checkpoints import CheckpointService
from assay.services.collection import claim
from assay.services.comments import CommentService
from assay.services.configs import ConfigService
from assay.services.console import ConsoleService
from assay.services.experiments import ExperimentService
from assay.services.files import FileService
from assay.services.finding import FindingService
from assay.services.grouping import GroupingService
from assay.services.groups import GroupService
from assay.services.hashing import Hasher
from assay.services.history import HistoryService
from assay.services.house import Services
from assay.services.imports import ImportService
from assay.services.jobs import Job, JobService
from assay.services.logins import Lasting, LoginService
from assay.services.models import ModelService
from assay.services.previews import PreviewService
from assay.services.providers import Policy, ProviderService
from assay.services.purge import PurgeService
from assay.services.quotas import QuotaService
from assay.services.retention import RetentionService
from assay.services.runs import RunService
from assay.services.series import SeriesService
from assay.services.statistics import StatisticsService
from assay.services.views import SavedViewService
from assay.services.workspaces import WorkspaceService
from assay.stores.migrations import HEAD
from assay.stores.snapshot import SnapshotFile
from assay.stores.sqlite import SqliteStore
from assay.stores.upkeep import Upkeep
from assay.wire.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from assay.stores.postgres import PostgresStore

# What only some servers and commands need is imported where it is needed: a server on SQLite starts a tenth faster.
JOBS_S = 60.0  # how often a server looks for jobs that are due
PICKUP_S = 5.0  # how often it looks for journals
GC_EVERY_US = 3_600 * 1_000_000
GC_LEASE_US = 6 * 3_600 * 1_000_000
SEAL_EVERY_US = 3_600 * 1_000_000
SEAL_LEASE_US = 600 * 1_000_000
KEEP_EVERY_US = 24 * 3_600 * 1_000_000
KEEP_LEASE_US = 6 * 3_600 * 1_000_000

# fmt: off
ADJECTIVES = (
    "able", "bold", "brave", "bright", "calm", "clever", "crisp", "eager", "fair", "gentle", "grand", "keen",
    "kind", "lively", "merry", "neat", "noble", "proud", "quick", "quiet", "rapid", "rare", "sharp", "sleek",
)
NOUNS = (
    "ant", "bass", "bear", "bee", "bird", "colt", "crane", "crow", "deer", "dove", "eel", "elk", "finch",
    "fish", "fox", "frog", "gnat", "goat", "hare", "hawk", "hen", "ibis", "jay", "kite", "lamb", "lark",
    "lynx", "mole",
)
# fmt: on


def new_uid() -> str:
    """A fresh name of a run, model or object: 32 hex digits."""
    return uuid.uuid4().hex


def new_name() -> str:
    """A name for a run that was given none."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(1_000)}"


def new_salt() -> bytes:
    """What keeps the detail of an audit record from being guessed by its digest."""
    return secrets.token_bytes(32)


def new_token() -> str:
    """The secret of a token: 256 bits, in a form that is recognised in a log or a repository."""
    return f"assay-{secrets.token_urlsafe(32)}"


def now_us() -> int:
    """The server's clock, for what is relative to the reader's present."""
    return time.time_ns() // 1_000


@dataclass(slots=True)
class Server:
    """A house that is open for calls."""

    home: Home
    store: SqliteStore | PostgresStore
    blobs: BlobStore
    services: Services
    recurring: JobService
    engine: str
    schema: str  # that this server knows
    jobs: Upkeep
    pickup: Upkeep

    def check_store(self) -> None:
        """Returns if the catalog answers, and takes writes. Raises why not."""
        self.store.revision()
        self.store.write(lambda unit: unit.now_us())

    def check_blobs(self) -> None:
        """Returns if an object could be written. Raises why not. What it leaves if it dies meanwhile, gc finds."""
        id = new_uid()
        self.blobs.put(id, b"ready")
        self.blobs.delete(id)

    def close(self) -> None:
        """Everything accepted is on disk, and the home is free."""
        self.pickup.close(wait=False)  # it speaks to this server
        self.jobs.close(wait=False)  # a job may be long; the closed store ends it
        self.store.close()
        self.home.release()


def open_store(address: str | None, home: Home) -> SqliteStore | PostgresStore:
    """The catalog at `postgresql://...`, or in the home's SQLite file.

    Raises:
        InvalidInput: The address names no engine that can be used.
        Unavailable: The database does not answer.
    """
    replica = secrets.token_hex(6)
    if address is None:
        return SqliteStore(home.database, replica, lambda: secrets.randbits(18))
    from assay.stores.postgres import PostgresStore  # noqa: PLC0415

    return PostgresStore(_postgres_url(address), replica, lambda: secrets.randbits(18))


def _postgres_url(address: str) -> str:
    if address.startswith(("postgresql://", "postgres://")):
        return "postgresql://" + address.partition("://")[2]
    raise InvalidInput(
        f"The store {address.partition(':')[0]!r} is not known",
        field="--store",
        remedy="leave --store out for SQLite in the home, or give postgresql://user:password@host/database",
    )


def open_blobs(address: str | None, home: Home) -> BlobStore:
    """The objects at `s3://bucket/prefix` and the like, or in the home's folder.

    Raises:
        InvalidInput: The address names no store that can be used.
    """
    return LocalBlobs(home.files) if address is None else open_objects(address)


def open_objects(address: str) -> BlobStore:
    """The objects at `s3://bucket/prefix` and the like. Raises InvalidInput for another address."""
    if address.partition("://")[0] in ("s3", "gs", "az"):
        from assay.blobs.objects import ObjectBlobs  # noqa: PLC0415

        return ObjectBlobs(address)
    raise InvalidInput(
        f"The place {address.partition(':')[0]!r} for files is not known",
        field="--artifacts",
        remedy="leave --artifacts out for the home's folder, or give s3://, gs:// or az://bucket/prefix",
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Catalog and objects as commands use them beside a server, or without one."""

    catalog: Catalog
    blobs: BlobStore
    engine: str


def open_place(root: Path, store_address: str | None, artifacts: str | None, *, alone: bool) -> Place:
    """Where a home's catalog and objects lie; alone: the caller holds the home.

    Raises:
        InvalidInput: An address cannot be used.
        NotFound: The folder is no home, and nobody is about to make it one.
    """
    from assay.stores.catalogs import PostgresCatalog, SqliteCatalog  # noqa: PLC0415

    if not alone and not root.is_dir():
        raise NotFound(f"There is no home {root}", field="--home", remedy="give the --home of the server")
    database = root / "assay.db"
    catalog = SqliteCatalog(database) if store_address is None else PostgresCatalog(_postgres_url(store_address))
    if not alone and store_address is None and not database.exists():
        raise NotFound(
            f"There is no catalog in {root}",
            field="--home",
            remedy="give the --home that a server has used, and its --store if that is PostgreSQL",
        )
    blobs = LocalBlobs(root / "files", alone=alone) if artifacts is None else open_objects(artifacts)
    return Place(catalog, blobs, "sqlite" if store_address is None else "postgresql")


def open_snapshot(path: Path) -> Snapshot:
    """A catalog in a file of its own."""
    return SnapshotFile(path)


@dataclass(slots=True)
class Chains:
    """The audit chains of a home that no server holds, for commands."""

    home: Home
    store: SqliteStore | PostgresStore
    audit: AuditService
    checkpoints: CheckpointService

    def close(self) -> None:
        """The home is free."""
        self.store.close()
        self.home.release()


def open_chains(home: Home, store_address: str | None = None) -> Chains:
    """The audit chains of a catalog; the home is theirs, and released if it raises.

    Raises:
        InvalidInput: The address cannot be used.
        Unavailable: The database does not answer.
    """
    try:
        store = open_store(store_address, home)
    except BaseException:
        home.release()
        raise
    return Chains(home, store, *_chain_services(store, home))


def _chain_services(store: SqliteStore | PostgresStore, home: Home) -> tuple[AuditService, CheckpointService]:
    return AuditService(store, new_salt), CheckpointService(store, ServerKeys(home.root), new_salt)


def open_house(
    home: Home,
    store_address: str | None = None,
    artifacts: str | None = None,
    *,
    lasting: Lasting | None = None,
    policy: Policy | None = None,
    base: Callable[[], str] = str,
    keeping: Keeping | None = None,
) -> Server:
    """The services over a catalog and a store of files; the home is theirs, and released if it raises.

    Args:
        home: Where they are at home.
        store_address: Of the catalog; None: SQLite in the home.
        artifacts: Where files lie; None: in the home.
        lasting: How long sessions of browsers last.
        policy: Whom an identity provider lets in.
        base: The address of this server as browsers know it.
        keeping: What the daily job lets go of in every workspace; None: nothing.

    Raises:
        InvalidInput: An address cannot be used.
        InvalidState: The files belong to another catalog.
        Unavailable: The database or the object store does not answer.
    """
    with ExitStack() as opened:
        opened.callback(home.release)
        blobs = open_blobs(artifacts, home)
        store = open_store(store_address, home)
        opened.callback(store.close)
        claim(store, blobs, secrets.randbits(62))
        opened.pop_all()  # from here on they are the server's
    audit, checkpoints = _chain_services(store, home)
    access = AccessService(store, time.monotonic, now_us)
    quotas = QuotaService(store, access, time.monotonic)
    files = FileService(store, blobs, new_uid, quotas)
    purges = PurgeService(store, new_salt)
    services = Services(
        experiments=ExperimentService(store),
        runs=RunService(store, new_uid, quotas),
        configs=ConfigService(store),
        branches=BranchService(store, new_uid),
        changes=ChangesService(store),
        console=ConsoleService(store),
        groups=GroupService(store),
        history=HistoryService(store),
        imports=ImportService(store),
        models=ModelService(store, new_uid),
        series=SeriesService(store),
        files=files,
        previews=PreviewService(files),
        bulk=BulkService(store),
        grouping=GroupingService(store, time.monotonic),
        finding=FindingService(store),
        purge=purges,
        retention=RetentionService(store, purges, new_salt),
        audit=audit,
        checkpoints=checkpoints,
        comments=CommentService(store, new_uid),
        views=SavedViewService(store, new_uid),
        statistics=StatisticsService(store, time.monotonic),
        access=access,
        quotas=quotas,
        accounts=AccountService(store, new_salt, new_token, access),
        workspaces=WorkspaceService(store, new_salt, access),
        logins=LoginService(store, access, Hasher(), new_salt, new_token, now_us, lasting, base),
        providers=ProviderService(store, access, new_salt, policy),
    )
    jobs = JobService(
        store,
        secrets.token_hex(6),
        [
            Job("gc", GC_EVERY_US, GC_LEASE_US, partial(_collect, home, services)),
            Job("audit-checkpoint", SEAL_EVERY_US, SEAL_LEASE_US, partial(_seal, store, services)),
            *(
                [Job("retention", KEEP_EVERY_US, KEEP_LEASE_US, partial(_retain, store, services, keeping))]
                if keeping is not None
                else []
            ),
        ],
    )
    engine = "sqlite" if store_address is None else "postgresql"
    upkeep = Upkeep(JOBS_S, jobs.run_due)
    return Server(home, store, blobs, services, jobs, engine, HEAD, upkeep, Upkeep(PICKUP_S, Pickup(home.root)))


def _collect(home: Home, services: Services) -> None:
    with collecting(home.root):
        services.files.collect()


def _retain(store: SqliteStore | PostgresStore, services: Services, keeping: Keeping) -> None:
    """In every workspace what is old, or too much, is gone as the settings say."""
    with store.read() as unit:
        ids = [workspace.id for workspace in unit.workspaces.all()]
    for id in ids:
        services.retention.apply(Scope(id, OWNER), keeping)


def _seal(store: SqliteStore | PostgresStore, services: Services) -> None:
    """Chains that moved have a checkpoint, and the place that the operator named for them has all of them."""
    services.checkpoints.seal(Scope(actor=OWNER))
    place = os.environ.get("ASSAY_CHECKPOINTS")
    if place:
        from assay.services.care.anchors import append  # noqa: PLC0415

        with store.read() as unit:
            append(Path(place), unit.audit)
