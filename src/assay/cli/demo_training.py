"""Trains models of several kinds on data that scikit-learn brings, logging with plain mlflow and with Assay's SDK.

What logs with mlflow knows nothing of Assay: MLFLOW_TRACKING_URI says where the runs go. The SDK lies in the folder
that the first argument names; it needs nothing else from there.
"""

from __future__ import annotations

import sys
import warnings
from itertools import product
from typing import Any

import mlflow
import numpy as np
from sklearn import datasets
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

STEPS = 30
DATA = {"digits": datasets.load_digits, "wine": datasets.load_wine, "breast cancer": datasets.load_breast_cancer}


def plans() -> list[tuple[str, dict[str, Any]]]:
    """Every (kind, hyperparameters) that is tried on every data set."""
    return [
        *(("sgd", {"alpha": alpha}) for alpha in (1e-4, 1e-2)),
        *(("mlp", {"hidden": hidden, "lr": 1e-3}) for hidden in (16, 64)),
        ("forest", {"max_depth": 8}),
        *(("boosting", {"learning_rate": rate}) for rate in (0.05, 0.2)),
    ]


def curve(kind: str, given: dict[str, Any], x: Any, y: Any) -> Any:
    """Yields the model after each step of training."""
    if kind == "sgd":
        model = SGDClassifier(loss="log_loss", alpha=given["alpha"], random_state=0)
    elif kind == "mlp":
        model = MLPClassifier((given["hidden"],), learning_rate_init=given["lr"], random_state=0)
    elif kind == "forest":
        model = RandomForestClassifier(1, max_depth=given["max_depth"], warm_start=True, random_state=0)
    else:
        model = GradientBoostingClassifier(
            n_estimators=1, learning_rate=given["learning_rate"], max_depth=2, warm_start=True, random_state=0
        )
    for step in range(STEPS):
        if kind in ("sgd", "mlp"):
            model.partial_fit(x, y, classes=np.unique(y))
        else:
            model.set_params(n_estimators=step + 1)
            model.fit(x, y)
        yield model


def split(name: str) -> Any:
    """Training and test data: features of mean 0 and variance 1, and labels."""
    x, y = DATA[name](return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_test), y_train, y_test


def with_mlflow(name: str, kind: str, given: dict[str, Any]) -> None:
    """One run, as any MLflow script logs it."""
    x_train, x_test, y_train, y_test = split(name)
    with mlflow.start_run(run_name=f"{kind} on {name}"):
        mlflow.log_params({"model": kind, **given})
        mlflow.set_tag("dataset", name)
        for step, model in enumerate(curve(kind, given, x_train, y_train)):
            mlflow.log_metrics(
                {
                    "train_loss": log_loss(y_train, model.predict_proba(x_train)),
                    "test_accuracy": model.score(x_test, y_test),
                },
                step=step,
            )
        errors = np.flatnonzero(model.predict(x_test) != y_test).tolist()
        mlflow.log_dict({"misclassified": errors}, "errors.json")


def with_sdk(name: str) -> None:
    """One run, as Assay's own SDK logs it: a model that sees a little more of the data at each step."""
    import assay  # noqa: PLC0415 -- main says where it lies

    x_train, x_test, y_train, y_test = split(name)
    config, tags = {"model": "bayes", "smoothing": 1e-3}, {"dataset": name}
    with assay.init("demo", f"bayes on {name}", config=config, tags=tags) as run:
        model = GaussianNB(var_smoothing=1e-3)
        for some in np.array_split(np.arange(len(y_train)), STEPS):
            model.partial_fit(x_train[some], y_train[some], classes=np.unique(y_train))
            run.log(
                {
                    "train_loss": log_loss(y_train, model.predict_proba(x_train)),
                    "test_accuracy": model.score(x_test, y_test),
                }
            )


def main() -> None:
    """Runs every plan on every data set."""
    warnings.filterwarnings("ignore")
    sys.path.append(sys.argv[1])  # behind all else: only the package assay is taken from there
    mlflow.set_experiment("demo")
    jobs = list(product(DATA, [*plans(), ("bayes", {})]))
    for number, (name, (kind, given)) in enumerate(jobs, 1):
        if kind == "bayes":
            with_sdk(name)
        else:
            with_mlflow(name, kind, given)
        print(f"  {number:2}/{len(jobs)}  {kind} on {name}", flush=True)


if __name__ == "__main__":
    main()
