"""The corpus: a script of requests, right and wrong, and what stock mlflow answered to it."""
