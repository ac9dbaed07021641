"""What the official mlflow client expects of a tracking server."""
