"""The API's entry for Lambda and for `chalice package`."""

from chalice.app import Chalice

from chalicelib.api import campaigns, lists, people

app = Chalice(app_name="message-center")
for module in (people, lists, campaigns):
    app.register_blueprint(module.routes)
