"""What the reference pages say of things that cannot say it themselves."""

from __future__ import annotations

# What a caller does about an error; a single answer often says it more exactly in its own remedy.
REMEDIES = {
    "already_exists": "Choose another name, or use the thing that has it.",
    "conflict": "Read the thing again and retry.",
    "corrupt": "Restore the damaged part from a backup. Assay does not guess.",
    "internal": "Look at the server's log: this is a fault of Assay. Please report it.",
    "invalid_input": "Mend the field that the answer names.",
    "invalid_state": "Bring the thing into the state that the message names, then retry.",
    "not_active": "Restore the run, experiment or model first.",
    "not_found": "Check the id or name, and that the client speaks to the right server.",
    "not_supported": "Use what the message names instead.",
    "param_changed": "Log the new value under another key, or in a new run.",
    "permission_denied": "Ask somebody who may, or use the home's token.",
    "quota_exceeded": "Delete and purge what is not needed, or ask an admin of the server for a larger quota.",
    "route_not_found": "Check the path; this release may not have the route yet.",
    "rule_violation": "Meet the rule that the message names.",
    "sequence_gap": "Send again from the expected sequence number.",
    "too_large": "Send it in smaller parts.",
    "too_often": "Wait as long as `Retry-After` says.",
    "unauthenticated": "Send a token.",
    "unavailable": "Wait and retry; the server goes on by itself once the cause is gone.",
}
VARIABLES = {
    "ASSAY_CAPTURE": "The SDK: what is logged by itself: `console`, `system`, both (the default) or `none`.",
    "ASSAY_CHECKPOINTS": "The server: the file or folder, best elsewhere, where checkpoints of the audit chain go.",
    "ASSAY_EXPERIMENT": "The SDK: the experiment of runs that name none. Default: `Default`.",
    "ASSAY_HOME": "The home folder, where `--home` does not say otherwise. Default: `~/.assay`.",
    "ASSAY_MODE": "The SDK: `online`, `offline` or `disabled`. Default: online where there is a server.",
    "ASSAY_RUN_ID": "The SDK: the id of the run, for processes that write one run together. Default: a new one.",
    "ASSAY_SERVER_KEY": "The server: its key itself, the same for all replicas, in place of a file.",
    "ASSAY_SERVER_KEY_FILE": "The server: the file of its key, best outside the home. Default: `server-key` there.",
    "ASSAY_TOKEN": "A token that proves who asks, in place of the home's: the SDK and commands send it.",
    "ASSAY_URL": "The server that commands and the SDK speak to, where `--url` does not say otherwise.",
    "ASSAY_WORKSPACE": "The workspace that commands and the SDK mean. Default: `default`.",
    "MLFLOW_TRACKING_PASSWORD": "`assay import mlflow` from a server: the password.",
    "MLFLOW_TRACKING_TOKEN": "`assay import mlflow` from a server: a token in place of user and password.",
    "MLFLOW_TRACKING_USERNAME": "`assay import mlflow` from a server: who asks.",
    "RANK": "The SDK: which of several ranks this process is, as torchrun sets it. Only rank 0 ends the run.",
    "SLURM_PROCID": "The SDK: the same, as Slurm sets it.",
    "USER": "The SDK: who runs this, as the run shows it.",
}
# Read by the libraries that speak to an object store, not by our own code.
STORE_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "`s3://`: who asks.",
    "AWS_ENDPOINT_URL": "`s3://`: a store other than Amazon's.",
    "AWS_REGION": "`s3://`: the bucket's region.",
    "AWS_SECRET_ACCESS_KEY": "`s3://`: the key's secret.",
    "AWS_SESSION_TOKEN": "`s3://`: a session's token.",
    "AZURE_STORAGE_ACCOUNT_KEY": "`az://`: the account's key.",
    "GOOGLE_APPLICATION_CREDENTIALS": "`gs://`: the file of the service account's key.",
}
# What routes do that have no handler of their own to say it.
ROUTE_LINES = {
    ("POST", "mlflow/runs/log-batch"): "Logs points, params and tags of a run, all or nothing.",
    ("POST", "mlflow/runs/log-metric"): "Logs one point.",
    ("POST", "mlflow/runs/log-parameter"): "Logs one param.",
    ("POST", "mlflow/runs/set-tag"): "Sets one tag.",
    ("GET", "mlflow/artifacts/list"): "Lists the files of a run.",
    ("GET", "mlflow/logged-models/{model_id}/artifacts/directories"): "Lists the files of a logged model.",
    ("GET", "mlflow/server-info"): "Says what this server can do.",
    ("POST", "mlflow/artifacts/presigned-upload-url"): "Asks for a presigned upload.",
    ("POST", "mlflow/artifacts/presigned-download-url"): "Asks for a presigned download.",
    ("GET", "mlflow-artifacts/artifacts"): "Lists a folder.",
    ("GET", "mlflow-artifacts/artifacts/{path:path}"): "Downloads a file, or a range of it.",
    ("PUT", "mlflow-artifacts/artifacts/{path:path}"): "Stores a file.",
    ("DELETE", "mlflow-artifacts/artifacts/{path:path}"): "Deletes a file or folder.",
    ("POST", "mlflow-artifacts/mpu/create/{path:path}"): "Begins a multipart upload.",
    ("POST", "mlflow-artifacts/mpu/complete/{path:path}"): "Completes a multipart upload.",
    ("POST", "mlflow-artifacts/mpu/abort/{path:path}"): "Gives a multipart upload up.",
    ("GET", "mlflow-artifacts/presigned/{path:path}"): "Asks for a presigned download of a path.",
    ("GET", "/version"): "The MLflow version that the server speaks.",
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact"): "Stores a file of a run, as MLflow's web page sends it.",
    ("GET", "/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files"): "Downloads a file of a logged model.",
    ("GET", "/get-artifact"): "Downloads a file of a run, as MLflow's web page asks for it.",
}
