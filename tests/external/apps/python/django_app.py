"""One Django site, signed in to with mozilla-django-oidc, django-allauth or social-auth (WITH), each as its documentation
has it. A superuser with the address boss@example.com is there already, and people are matched by address where the
program can: only what Doorward says of an address keeps a stranger out."""

import os
import sys

import django
from django.conf import settings

ISSUER, BASE, WITH = os.environ["ISSUER"], os.environ["BASE"], os.environ["WITH"]
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

APPS = {
    "mozilla": ["mozilla_django_oidc"],
    "allauth": ["allauth", "allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"],
    "social": ["social_django"],
}
BACKENDS = {
    "mozilla": "__main__.Mozilla",
    "allauth": "allauth.account.auth_backends.AuthenticationBackend",
    "social": "social_core.backends.open_id_connect.OpenIdConnectAuth",
}
MORE = {
    "mozilla": {
        "OIDC_RP_CLIENT_ID": CLIENT_ID,
        "OIDC_RP_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_RP_SIGN_ALGO": "RS256",
        "OIDC_RP_SCOPES": "openid email profile groups",
        "OIDC_OP_AUTHORIZATION_ENDPOINT": f"{ISSUER}/oauth/authorize",
        "OIDC_OP_TOKEN_ENDPOINT": f"{ISSUER}/oauth/token",
        "OIDC_OP_USER_ENDPOINT": f"{ISSUER}/oauth/userinfo",
        "OIDC_OP_JWKS_ENDPOINT": f"{ISSUER}/.well-known/jwks.json",
    },
    "allauth": {
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        # Somebody with the address of an account signs in to it.
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": True,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT": True,
        "SOCIALACCOUNT_PROVIDERS": {
            "openid_connect": {
                "SCOPE": ["openid", "profile", "email", "groups"],
                "APPS": [
                    {
                        "provider_id": "doorward",
                        "name": "Doorward",
                        "client_id": CLIENT_ID,
                        "secret": CLIENT_SECRET,
                        "settings": {"server_url": ISSUER},
                    }
                ],
            }
        },
    },
    "social": {
        "SOCIAL_AUTH_OIDC_OIDC_ENDPOINT": ISSUER,
        "SOCIAL_AUTH_OIDC_KEY": CLIENT_ID,
        "SOCIAL_AUTH_OIDC_SECRET": CLIENT_SECRET,
        "SOCIAL_AUTH_OIDC_SCOPE": ["openid", "profile", "email", "groups"],
        "SOCIAL_AUTH_OIDC_EXTRA_DATA": ["groups"],
        "SOCIAL_AUTH_PIPELINE": [
            "social_core.pipeline.social_auth.social_details",
            "social_core.pipeline.social_auth.social_uid",
            "social_core.pipeline.social_auth.auth_allowed",
            "social_core.pipeline.social_auth.social_user",
            "social_core.pipeline.user.get_username",
            # Somebody with the address of an account signs in to it.
            "social_core.pipeline.social_auth.associate_by_email",
            "social_core.pipeline.user.create_user",
            "social_core.pipeline.social_auth.associate_user",
            "social_core.pipeline.social_auth.load_extra_data",
            "social_core.pipeline.user.user_details",
        ],
    },
}
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
if WITH == "allauth":
    MIDDLEWARE.append("allauth.account.middleware.AccountMiddleware")
settings.configure(
    SECRET_KEY="a secret of the check",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="__main__",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["HOME_OF_APP"] + "/db.sqlite3"}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        *APPS[WITH],
    ],
    MIDDLEWARE=MIDDLEWARE,
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend", BACKENDS[WITH]],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGIN_REDIRECT_URL="/me",
    LOGIN_REDIRECT_URL_FAILURE="/me",
    **MORE[WITH],
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402

if WITH == "mozilla":
    from mozilla_django_oidc.auth import OIDCAuthenticationBackend

    class Mozilla(OIDCAuthenticationBackend):
        """As "Changing how Django users are created" of its documentation says."""

        def create_user(self, claims):
            user = super().create_user(claims)
            user.first_name, user.last_name = claims.get("given_name", ""), claims.get("family_name", "")
            user.save()
            return user

        def get_or_create_user(self, access_token, id_token, payload):
            user = super().get_or_create_user(access_token, id_token, payload)
            self.request.session["groups"] = self.get_userinfo(access_token, id_token, payload).get("groups")
            return user


def groups(request):
    if WITH == "allauth":
        account = request.user.socialaccount_set.first()
        return (account.extra_data.get("userinfo") or account.extra_data).get("groups") if account else None
    if WITH == "social":
        found = request.user.social_auth.first()
        return found.extra_data.get("groups") if found else None
    return request.session.get("groups")


def me(request):
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({})
    told = {"name": user.get_full_name(), "email": user.email, "superuser": user.is_superuser, "groups": groups(request)}
    return JsonResponse(told)


urlpatterns = [path("me", me)]
urlpatterns += {
    "mozilla": lambda: [path("oidc/", include("mozilla_django_oidc.urls"))],
    "allauth": lambda: [path("accounts/", include("allauth.urls"))],
    "social": lambda: [path("", include("social_django.urls", namespace="social"))],
}[WITH]()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("boss", "boss@example.com", "a password of its own")
    call_command("runserver", os.environ["LISTEN"], "--noreload")
    sys.exit()
