"""OpenAI-compatible endpoints with their encrypted keys."""

from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered

# The address that stands for the built-in demo model, wherever it listens at the moment.
DEMO_BASE_URL = "demo://holdfast/v1"


class ProviderRow(Numbered, Base):
    __tablename__ = "providers"

    name: Mapped[str] = mapped_column(String(100), unique=True)
    base_url: Mapped[str] = mapped_column(String(500))
    api_key_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    default_model: Mapped[str | None] = mapped_column(String(200))
    connect_timeout_s: Mapped[float] = mapped_column(default=5.0)
    read_timeout_s: Mapped[float] = mapped_column(default=30.0)
    write_timeout_s: Mapped[float] = mapped_column(default=10.0)
    enabled: Mapped[bool] = mapped_column(default=True)

    @property
    def has_key(self) -> bool:
        return self.api_key_encrypted is not None

    @property
    def is_demo(self) -> bool:
        return self.base_url == DEMO_BASE_URL


def provider_by_name(session: Session, name: str) -> ProviderRow | None:
    return session.scalar(select(ProviderRow).where(ProviderRow.name == name))


def all_providers(session: Session) -> list[ProviderRow]:
    return list(session.scalars(select(ProviderRow).order_by(ProviderRow.id)))
