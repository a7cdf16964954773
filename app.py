"""The API's entry for Lambda and for `chalice package`."""

from chalice.app import Chalice

from chalicelib.api.blueprints import BLUEPRINTS
from chalicelib.api.http import frameworks_own

app = Chalice(app_name="message-center")
app.register_middleware(frameworks_own, "http")
for routes in BLUEPRINTS:
    app.register_blueprint(routes)
