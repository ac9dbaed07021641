"""Models of scikit-learn and XGBoost logged, found and loaded; runs with clients of 3."""

import warnings

import mlflow
import numpy as np
import xgboost
from mlflow import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")


def main():
    mlflow.set_experiment("models")
    x, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(x, y)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="clf", input_example=x[:2], params={"c": 1})
        mlflow.log_metric("acc", 0.97, model_id=info.model_id)
    expected = model.predict(x)
    assert (mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/clf").predict(x) == expected).all()
    assert (mlflow.pyfunc.load_model(f"models:/{info.model_id}").predict(x) == expected).all()
    found = mlflow.search_logged_models(
        experiment_ids=[run.info.experiment_id], filter_string="metrics.acc > 0.9", output_format="list"
    )
    assert [m.model_id for m in found] == [info.model_id] and found[0].status.value == "READY"
    assert found[0].metrics[0].value == 0.97 and found[0].params == {"c": "1"}
    client = MlflowClient()
    assert client.get_run(run.info.run_id).outputs.model_outputs[0].model_id == info.model_id
    client.set_logged_model_tags(info.model_id, {"stage": "trial"})
    assert client.get_logged_model(info.model_id).tags["stage"] == "trial"
    client.delete_logged_model_tag(info.model_id, "stage")

    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=200).fit(x, y)
    stored = client.get_run(run.info.run_id)
    assert stored.data.params["max_iter"] == "200" and "training_accuracy_score" in stored.data.metrics
    assert stored.inputs.dataset_inputs
    mlflow.sklearn.autolog(disable=True)

    mlflow.xgboost.autolog()
    with mlflow.start_run() as run:
        data = xgboost.DMatrix(x, label=(y > 0).astype(float))
        xgboost.train({"objective": "binary:logistic"}, data, num_boost_round=5, evals=[(data, "train")])
    assert len(client.get_metric_history(run.info.run_id, "train-logloss")) == 5
    names = {f.path for f in client.list_artifacts(run.info.run_id)}
    assert "feature_importance_weight.json" in names, names
    loaded = mlflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert np.asarray(loaded.predict(data)).shape == (150,)
    mlflow.xgboost.autolog(disable=True)
    client.delete_logged_model(info.model_id)
    print("ok")


if __name__ == "__main__":
    main()
