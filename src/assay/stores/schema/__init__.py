"""Every table of the catalog, once, for both engines.

Ids of top-level rows are 63-bit integers made by the application (`core.ids`): time-ordered, the kind in the low
bits, so that runs, logged models and other owners share the `owner_id` columns without a table between.
Times are microseconds since the epoch. Text compares in binary order on both engines.
"""

from __future__ import annotations

from assay.stores.schema.base import counter, job, metadata, schema_row, workspace
from assay.stores.schema.files import blob, file_tree, tree_entry, upload
from assay.stores.schema.governance import audit_checkpoint, audit_detail, audit_head, audit_key, audit_record
from assay.stores.schema.identity import (
    access_token,
    group_member,
    login_link,
    login_session,
    oidc_identity,
    role_grant,
    user_account,
    user_group,
    workspace_quota,
)
from assay.stores.schema.people import comment, saved_view
from assay.stores.schema.points import (
    console,
    context,
    key,
    logged_value,
    metric_batch,
    metric_chunk,
    metric_latest,
    metric_live,
    metric_motion,
    metric_page,
    writer,
)
from assay.stores.schema.tracking import (
    dataset,
    edge,
    experiment,
    experiment_tag,
    external_name,
    import_row,
    logged_model,
    param,
    run,
    run_config,
    run_group,
    run_group_member,
    tag,
)

__all__ = [
    "access_token",
    "audit_checkpoint",
    "audit_detail",
    "audit_head",
    "audit_key",
    "audit_record",
    "blob",
    "comment",
    "console",
    "context",
    "counter",
    "dataset",
    "edge",
    "experiment",
    "experiment_tag",
    "external_name",
    "file_tree",
    "group_member",
    "import_row",
    "job",
    "key",
    "logged_model",
    "logged_value",
    "login_link",
    "login_session",
    "metadata",
    "metric_batch",
    "metric_chunk",
    "metric_latest",
    "metric_live",
    "metric_motion",
    "metric_page",
    "oidc_identity",
    "param",
    "role_grant",
    "run",
    "run_config",
    "run_group",
    "run_group_member",
    "saved_view",
    "schema_row",
    "tag",
    "tree_entry",
    "upload",
    "user_account",
    "user_group",
    "workspace",
    "workspace_quota",
    "writer",
]
