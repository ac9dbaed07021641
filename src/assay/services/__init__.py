"""Use cases: authorise the actor, open a unit of work, ask core, save."""
