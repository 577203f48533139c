"""Where an invited person chooses their password."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts import services
from apps.common.http import client_ip
from apps.web.forms import PasswordForm, attempt


@never_cache
@sensitive_post_parameters("password")
def set_password(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Take the password of whoever holds the link; the service says whether the link is still good."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"]
        user = attempt(
            form,
            lambda: services.set_password(uid=uid, token=token, password=password, ip=client_ip(request)),
        )
        if user is not None:
            messages.success(request, "The password is set. Log in with it.")
            return redirect("account_login")
    return render(request, "web/set_password.html", {"form": form})
