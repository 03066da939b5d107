"""The blueprint that all screens put their views on."""

from flask import Blueprint

bp = Blueprint("web", __name__)
