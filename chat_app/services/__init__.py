"""Use cases: one function, one transaction, one set of rules. They raise `chat_app.errors`."""
