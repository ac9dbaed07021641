"""Logged models: made, found, changed and loaded; runs with clients of 3."""

import warnings

import mlflow
from mlflow import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")


def main():
    mlflow.set_experiment("models")
    x, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(x, y)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            model, name="clf", input_example=x[:2], params={"c": 1}, pip_requirements=["scikit-learn"]
        )
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

    client.delete_logged_model(info.model_id)
    print("ok")


if __name__ == "__main__":
    main()
