"""Flask-AppBuilder with AUTH_OAUTH (over Authlib), as its documentation has it. Its first user is an administrator with the
address boss@example.com."""

import os

from flask import Flask, g, jsonify, redirect
from flask_appbuilder import AppBuilder
from flask_appbuilder.const import AUTH_OAUTH
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.utils.legacy import get_sqla_class


class Manager(SecurityManager):
    def get_oauth_user_info(self, provider, response):
        me = self.appbuilder.sm.oauth_remotes[provider].userinfo()
        return {
            "username": me["preferred_username"],
            "first_name": me.get("given_name", ""),
            "last_name": me.get("family_name", ""),
            "email": me.get("email", ""),
            "role_keys": me.get("groups", []),
        }


app = Flask(__name__)
app.config |= {
    "SECRET_KEY": "a secret of the check",
    "SQLALCHEMY_DATABASE_URI": f"sqlite:///{os.environ['HOME_OF_APP']}/app.db",
    "AUTH_TYPE": AUTH_OAUTH,
    "AUTH_USER_REGISTRATION": True,
    "AUTH_USER_REGISTRATION_ROLE": "Public",
    "AUTH_ROLES_MAPPING": {"staff": ["Staff"]},
    "OAUTH_PROVIDERS": [
        {
            "name": "doorward",
            "icon": "fa-key",
            "token_key": "access_token",
            "remote_app": {
                "client_id": os.environ["CLIENT_ID"],
                "client_secret": os.environ["CLIENT_SECRET"],
                "server_metadata_url": f"{os.environ['ISSUER']}/.well-known/openid-configuration",
                "client_kwargs": {"scope": "openid profile email groups"},
            },
        }
    ],
}
db = get_sqla_class()(app)
with app.app_context():
    builder = AppBuilder(app, db.session, security_manager_class=Manager)
    builder.sm.add_role("Staff")
    builder.sm.add_user("boss", "The", "Boss", "boss@example.com", builder.sm.find_role("Admin"), "a password of its own")


@app.get("/me")
def me():
    if not g.user or g.user.is_anonymous:
        return jsonify({})
    roles = [role.name for role in g.user.roles]
    return jsonify(name=g.user.get_full_name(), email=g.user.email, groups=[name.lower() for name in roles if name == "Staff"], superuser="Admin" in roles)


host, port = os.environ["LISTEN"].split(":")
app.run(host, int(port))
