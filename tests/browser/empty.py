"""Empties an installation of models, agents and channels: `python -m tests.browser.empty`."""

from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.providers import ProviderRow

if __name__ == "__main__":
    runtime = Runtime.build(Settings.from_env())
    with runtime.db.transaction() as session:
        for table in (ChannelRow, AgentRow, ProviderRow):
            for row in session.query(table):
                session.delete(row)
    runtime.close()
