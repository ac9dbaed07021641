"""All services of one house, for whoever speaks to them: dialects, jobs, commands."""

from __future__ import annotations

from dataclasses import dataclass

from assay.services.access import AccessService
from assay.services.accounts import AccountService
from assay.services.audit import AuditService
from assay.services.branches import BranchService
from assay.services.bulk import BulkService
from assay.services.changes import ChangesService
from assay.services.checkpoints import CheckpointService
from assay.services.comments import CommentService
from assay.services.configs import ConfigService
from assay.services.console import ConsoleService
from assay.services.experiments import ExperimentService
from assay.services.files import FileService
from assay.services.finding import FindingService
from assay.services.grouping import GroupingService
from assay.services.groups import GroupService
from assay.services.history import HistoryService
from assay.services.imports import ImportService
from assay.services.logins import LoginService
from assay.services.models import ModelService
from assay.services.previews import PreviewService
from assay.services.providers import ProviderService
from assay.services.purge import PurgeService
from assay.services.quotas import QuotaService
from assay.services.retention import RetentionService
from assay.services.runs import RunService
from assay.services.series import SeriesService
from assay.services.statistics import StatisticsService
from assay.services.views import SavedViewService
from assay.services.workspaces import WorkspaceService


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases, by what they are about."""

    experiments: ExperimentService
    runs: RunService
    configs: ConfigService
    branches: BranchService
    changes: ChangesService
    console: ConsoleService
    groups: GroupService
    history: HistoryService
    imports: ImportService
    models: ModelService
    files: FileService
    purge: PurgeService
    retention: RetentionService
    series: SeriesService
    statistics: StatisticsService
    audit: AuditService
    checkpoints: CheckpointService
    access: AccessService
    quotas: QuotaService
    accounts: AccountService
    workspaces: WorkspaceService
    comments: CommentService
    views: SavedViewService
    previews: PreviewService
    logins: LoginService
    providers: ProviderService
    bulk: BulkService
    grouping: GroupingService
    finding: FindingService
