"""Assay's own API: problem+json errors, plain resources."""
