"""The WSGI entry point: `gunicorn wsgi:app`, `flask --app wsgi …`."""

from chat_app import create_app
from chat_app.settings import Settings

app = create_app(Settings.from_env())
