"""The public names of the SDK, resolved lazily; nothing else lives here."""
