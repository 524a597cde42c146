"""The application that uvicorn runs: `uvicorn src.api.main:app`."""

from src import logs, settings
from src.api.app import create_app

_settings = settings.load()
logs.configure(_settings.log_level)
app = create_app(_settings)
