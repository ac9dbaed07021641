"""Coming in by a browser: the login page, links that are good for once, and identity providers."""
