"""The API's entry for Lambda and for `chalice package`."""

from chalice.app import Chalice

from chalicelib.api import audit, campaigns, credentials, entrance, lists, people, workspaces
from chalicelib.api.http import frameworks_own

app = Chalice(app_name="message-center")
app.register_middleware(frameworks_own, "http")
for module in (people, entrance, workspaces, credentials, lists, campaigns, audit):
    app.register_blueprint(module.routes)
