"""Models logged into a run and by autologging, found and loaded from it; runs with clients of 2.22 and 3."""

import warnings

import mlflow
import numpy as np
import xgboost
from mlflow import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")


def main():
    mlflow.set_experiment("models in runs")
    client = MlflowClient()
    x, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(x, y)
    expected = model.predict(x)
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(model, artifact_path="clf", input_example=x[:2])
    uri = f"runs:/{run.info.run_id}/clf"
    assert (mlflow.sklearn.load_model(uri).predict(x) == expected).all()
    assert (mlflow.pyfunc.load_model(uri).predict(x) == expected).all()
    assert mlflow.models.get_model_info(uri).signature is not None
    if mlflow.__version__.startswith("2."):
        assert '"artifact_path": "clf"' in client.get_run(run.info.run_id).data.tags["mlflow.log-model.history"]
        assert {f.path for f in client.list_artifacts(run.info.run_id)} == {"clf"}

    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=200).fit(x, y)
    mlflow.sklearn.autolog(disable=True)
    stored = client.get_run(run.info.run_id)
    assert stored.data.params["max_iter"] == "200" and "training_accuracy_score" in stored.data.metrics
    assert stored.inputs.dataset_inputs
    assert mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model").predict(x).shape == (150,)

    mlflow.xgboost.autolog()
    with mlflow.start_run() as run:
        data = xgboost.DMatrix(x, label=(y > 0).astype(float))
        xgboost.train({"objective": "binary:logistic"}, data, num_boost_round=5, evals=[(data, "train")])
    mlflow.xgboost.autolog(disable=True)
    assert len(client.get_metric_history(run.info.run_id, "train-logloss")) == 5
    assert "feature_importance_weight.json" in {f.path for f in client.list_artifacts(run.info.run_id)}
    loaded = mlflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert np.asarray(loaded.predict(data)).shape == (150,)
    print("ok")


if __name__ == "__main__":
    main()
