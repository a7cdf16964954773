"""The API's entry for Lambda and for `chalice package`."""

from chalice.app import Chalice

from chalicelib.api import campaigns, lists, people
from chalicelib.api.http import frameworks_own

app = Chalice(app_name="message-center")
app.register_middleware(frameworks_own, "http")
for module in (people, lists, campaigns):
    app.register_blueprint(module.routes)
